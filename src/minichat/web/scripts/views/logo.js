/**
 * Our sign, as the file images/icon.svg draws it.
 */
import {h} from "../ui/dom.js";

export function logo() {
  return h("img", {
    class: "logo",
    src: new URL("../../images/icon.svg", import.meta.url).href,
    alt: "",
    width: 48,
    height: 48,
  });
}
