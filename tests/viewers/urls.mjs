// Lists all tiles that OpenSeadragon would ask for of an image, without a browser.
//   node urls.mjs PACKAGE INFO.JSON...
// PACKAGE is the directory of OpenSeadragon's package. One URL a line, level by level, the smallest first.

import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";

const [packageDirectory, ...infoPaths] = process.argv.slice(2);

// As much of a browser as the script looks for while it is read; nothing is drawn.
const listens = { addEventListener() {}, removeEventListener() {} };
const element = () => ({ style: {}, getContext: () => null, setAttribute() {}, ...listens });
const document = { createElement: element, documentElement: element(), body: element(), ...listens };
const navigator = { userAgent: "node", appName: "Netscape", appVersion: "5.0", vendor: "" };
const window = {
  ...listens, document, navigator, console, setTimeout, clearTimeout, performance, URL,
  location: { search: "", href: "http://localhost/" }, devicePixelRatio: 1,
  Image: class {}, Element: class {}, HTMLElement: class {},
};
window.window = window;
window.self = window;
const page = vm.createContext(window);
const script = path.join(packageDirectory, "build/openseadragon/openseadragon.js");
vm.runInContext(readFileSync(script, "utf8"), page);

const { IIIFTileSource } = window.OpenSeadragon;
for (const infoPath of infoPaths) {
  // Objects of the page's own, by which it tells what is plain.
  page.text = readFileSync(infoPath, "utf8");
  const info = vm.runInContext("JSON.parse(text)", page);
  const url = `${info.id ?? info["@id"]}/info.json`;
  const source = new IIIFTileSource(IIIFTileSource.prototype.configure(info, url));
  for (let level = source.minLevel; level <= source.maxLevel; level += 1) {
    const { x: columns, y: rows } = source.getNumTiles(level);
    for (let x = 0; x < columns; x += 1) {
      for (let y = 0; y < rows; y += 1) console.log(source.getTileUrl(level, x, y));
    }
  }
}
