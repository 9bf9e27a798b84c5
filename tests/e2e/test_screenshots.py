"""`make screenshots` still finds what it needs in the web client. The pictures themselves are for people to judge."""

from PIL import Image

from scale import scaled
from screenshots import PICTURES, take


def test_the_program_takes_pictures_of_the_right_size(tmp_path, browser):
    pictures = PICTURES[-scaled(1, len(PICTURES)) :]
    take(pictures, tmp_path, browser)
    for picture in pictures:
        with Image.open(tmp_path / f"{picture.name}.webp") as taken:
            assert taken.size == (picture.width * picture.scale, picture.height * picture.scale)
