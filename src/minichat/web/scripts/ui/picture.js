/**
 * Makes a square picture out of a file, small enough to upload: the middle of it, upright, without what the camera noted.
 * It knows nothing of accounts.
 */

const SIDE = 512;

/**
 * @param {Blob} file
 * @returns {Promise<Blob>} Rejects if the browser cannot read the file as a picture.
 */
export async function squareOf(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(side, SIDE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser can't draw.");
  context.imageSmoothingQuality = "high";
  const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height);
  picture.close();
  const type = file.type === "image/jpeg" ? "image/jpeg" : "image/png"; // PNG keeps what is transparent
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser can't encode."))), type, 0.92);
  });
}
