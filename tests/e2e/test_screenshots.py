"""`make screenshots` finds what it needs in the web client and the administration. People judge the pictures."""

from PIL import Image

from scale import scaled
from screenshots import ADMIN_PICTURES, PICTURES, AdminPicture, Picture, take


def test_the_program_takes_pictures_of_the_right_size(tmp_path, browser):
    pictures: list[Picture | AdminPicture] = [
        *PICTURES[-scaled(1, len(PICTURES)) :],
        *ADMIN_PICTURES[-scaled(1, len(ADMIN_PICTURES)) :],
    ]
    take(pictures, tmp_path, browser)
    for picture in pictures:
        with Image.open(tmp_path / f"{picture.name}.webp") as taken:
            assert taken.size == (int(picture.width * picture.scale), int(picture.height * picture.scale))
