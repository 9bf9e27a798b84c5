/**
 * The pictograms, drawn by ourselves on a grid of 24. They say nothing to a screen reader: their button has a label.
 */

/** Strokes of each sign. */
const STROKES = {
  at: "M12 8.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z M15.500 8.500V13a2.500 2.500 0 0 0 5 0v-1a8.500 8.500 0 1 0-3.400 6.800",
  back: "M15 5l-7 7 7 7",
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l1.500 2h-15z M10 20.500h4",
  "bell-off": "M6 16v-5a6 6 0 0 1 9-5.200 M18 11v5l1.500 2h-15L6 16 M10 20.500h4 M4 4l16 16",
  chat: "M5 7.500A2.500 2.500 0 0 1 7.500 5h9A2.500 2.500 0 0 1 19 7.500v6a2.500 2.500 0 0 1-2.500 2.500H11l-4 3.500V16A2 2 0 0 1 5 14z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  "check-double": "M2 12.500L6.500 17 15.500 7.500 M11.500 16l1 1L22 7.500",
  clock: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z M12 7.500V12l3 2",
  close: "M6 6l12 12 M18 6L6 18",
  copy: "M9 9h10v10H9z M5 15V5h10",
  down: "M12 5v14 M6 13l6 6 6-6",
  edit: "M4 20l1-4L16 5l3 3L8 19z M14 7l3 3",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z M12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  flag: "M6 21V4 M6 4.500c4-2 8 2 12 0v8c-4 2-8-2-12 0",
  link: "M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1 M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1",
  lock: "M6 11h12v9H6z M8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  menu: "M4 7h16 M4 12h16 M4 17h16",
  more: "M5.500 11.100a.9.900 0 1 0 0 1.800.9.900 0 0 0 0-1.800z M12 11.100a.9.900 0 1 0 0 1.800.9.900 0 0 0 0-1.800z M18.500 11.100a.9.900 0 1 0 0 1.800.9.900 0 0 0 0-1.800z",
  people:
    "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7z M2.500 20a6.500 6.500 0 0 1 13 0 M15.500 4.500a3.500 3.500 0 0 1 0 6.200 M17 14a6.500 6.500 0 0 1 4.500 6",
  pin: "M9 4h6l-.7 6 3.200 3.500H6.500L9.700 10z M12 13.500V21",
  plus: "M12 5v14 M5 12h14",
  reply: "M10 6L4 12l6 6 M4 12h9a7 7 0 0 1 7 7",
  search: "M11 4.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13z M16 16l4.500 4.500",
  send: "M4 12l16-8-5 16-3.500-6.500z M11.500 13.500L20 4",
  settings: "M4 7h9 M17 7h3 M15 5v4 M4 17h3 M11 17h9 M9 15v4 M4 12h4 M12 12h8 M10 10v4",
  smile:
    "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z M8.500 14a4.200 4.200 0 0 0 7 0 M9 9.500h.01 M15 9.500h.01",
  trash: "M5 7h14 M9.500 7V4.500h5V7 M7 7l1 13h8l1-13",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4.500 20.500a7.500 7.500 0 0 1 15 0",
  warning: "M12 4L2.500 20h19z M12 10v4.500 M12 17.300h.01",
  star: "M12 4l2.400 5 5.600.700-4.100 3.800 1.100 5.500-5-2.800-5 2.800 1.100-5.500L4 9.700 9.600 9z",
  crown: "M4 8l4 4 4-7 4 7 4-4-1.500 10h-13z",
  leave: "M14 5H6v14h8 M11 12h10 M17.500 8.500L21 12l-3.500 3.500",
  ban: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z M6 6l12 12",
  info: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z M12 11v5.500 M12 7.700h.01",
  globe:
    "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z M3.500 12h17 M12 3.500c5 5 5 12 0 17 M12 3.500c-5 5-5 12 0 17",
  "user-plus": "M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M2.500 20.500a7.500 7.500 0 0 1 15 0 M19 8v6 M16 11h6",
};

/** @typedef {keyof typeof STROKES} IconName */

const SVG = "http://www.w3.org/2000/svg";

/** @param {IconName} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}
