// The composition root: makes the app and shows its first page.

document.body.append("minichat");
