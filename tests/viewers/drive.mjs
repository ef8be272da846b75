// Opens real viewers in a real browser, and looks at one picture of an image server with each of them.
//   node drive.mjs PACKAGES BROWSER ROOT IDENTIFIER OUTPUT VIEWER...
// PACKAGES has the viewers' packages and playwright-core, each in a directory of its name and version. ROOT is the URL of
// the /iiif root. For each view it prints a line of JSON and leaves a picture in OUTPUT; for each page it prints what went
// wrong there.
// The pages come from a port of their own, so that for a browser the images are of another origin.

import { setDefaultResultOrder } from "node:dns";
import { createReadStream } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

// NGINX listens on 127.0.0.1 alone; node 18 would ask [::1] for "localhost" and leave it at that.
setDefaultResultOrder("ipv4first");

const [packages, browserPath, root, identifier, output, ...wanted] = process.argv.slice(2);
const here = path.dirname(new URL(import.meta.url).pathname);
const { chromium } = createRequire(import.meta.url)(await packageNamed("playwright-core"));

const WINDOW = { width: 1000, height: 700 };
const PATIENCE = 240_000; // a loaded machine; alone it takes a second
// What React says of Mirador 4.0, whatever it shows.
const OWN_FAULTS = /^Accessing element\.ref was removed in React 19/;
const TYPES = { ".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".json": "application/json" };

await mkdir(output, { recursive: true });
const server = await serve();
const origin = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
try {
  for (const viewer of wanted) {
    await Promise.all([3, 2].map((version) => look(viewer, version).catch((error) => {
      throw new Error(`${viewer} on ${version}: ${error.stack}`);
    })));
  }
} finally {
  await browser.close();
  server.close();
}

// One viewer on one version of the API.
async function look(viewer, version) {
  const name = `${viewer}-api-${version}`;
  const service = `${root}/${version}/${identifier}`;
  const page = await browser.newPage({ viewport: WINDOW });
  const seen = listen(page);
  const kind = viewer.replace(/-[^-]*$/, "");
  const manifest = `${origin}/manifest-${version}.json`;
  await page.goto(`${origin}/${viewer}/${kind}.html?${new URLSearchParams({ service, manifest })}`);
  // What a page can be asked is told in eye.js.
  await page.waitForFunction(() => window.eye?.size(), null, { timeout: PATIENCE });
  await settled(page);
  await use(page);
  const size = await page.evaluate(() => window.eye.size());
  const surface = await page.evaluate(() => ({ ...window.eye.surface(), whole: window.eye.whole }));
  for (const [view, rect] of views(size, surface)) {
    await page.evaluate((rect) => window.eye.show(rect), rect);
    await settled(page);
    const shown = await page.evaluate(() => window.eye.shown());
    const picture = path.join(output, `${name}-${view}.png`);
    await writeFile(picture, await drawn(page));
    seen.complaints.push(...await page.evaluate(() => window.eye.faults()));
    tell({ page: name, view, asked: rect, shown, picture });
  }
  // For people to look at: the viewer with all that lies over the picture.
  await page.screenshot({ path: path.join(output, `${name}-window.png`) });
  await page.close();
  tell({ page: name, ...seen });
}

// As a person would: wheel in and out, and drag.
async function use(page) {
  const box = await page.evaluate(() => window.eye.surface());
  const at = (x, y) => page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 4 });
  for (const [x, y, turns] of [[0.4, 0.4, -6], [0.7, 0.6, 3]]) {
    await at(x, y);
    for (let turn = 0; turn < Math.abs(turns); turn += 1) {
      await page.mouse.wheel(0, Math.sign(turns) * 120);
      await page.waitForTimeout(80);
    }
    await page.mouse.down();
    await at(1 - x, 1 - y);
    await page.mouse.up();
    await settled(page);
  }
}

// What is drawn, as a PNG: without what a viewer lays over it, if it can tell.
async function drawn(page) {
  const data = await page.evaluate(() => window.eye.picture?.());
  if (data) return Buffer.from(data.split(",")[1], "base64");
  return page.screenshot({ clip: await page.evaluate(() => window.eye.surface()) });
}

// Pieces at full resolution, in corners and at edges, and at less within and in the last corner. No piece leaves the
// picture, and each begins at a whole pixel of the level that it is shown from.
function views({ width, height }, surface) {
  const piece = (across, down, scale) => {
    const [w, h] = [surface.width * scale, surface.height * scale];
    const step = Math.floor(scale);
    const start = (room, share) => Math.floor(Math.round(room * share) / step) * step;
    return { x: start(width - w, across), y: start(height - h, down), width: w, height: h };
  };
  return [
    ["top-left", piece(0, 0, 1)],
    ["bottom-right", piece(1, 1, 1)],
    ["right-edge", piece(1, 0.4, 1)],
    ["bottom-edge", piece(0.55, 1, 1)],
    ["half", piece(0.5, 0.5, 2)],
    ["half-corner", piece(1, 1, 2)],
    ["within", piece(0.31, 0.62, surface.whole ? 1 : 1.3)],
  ];
}

// Until everything in view is loaded and drawn, and nothing moves.
async function settled(page) {
  await page.waitForFunction(() => {
    const still = window.eye.size() && JSON.stringify(window.eye.shown());
    const calm = still && still === window.lastBounds && window.eye.loaded();
    window.lastBounds = still;
    window.calm = calm ? (window.calm ?? 0) + 1 : 0;
    return window.calm >= 3;
  }, null, { polling: 60, timeout: PATIENCE });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

// Everything of a page that could be wrong, gathered as it happens.
function listen(page) {
  const seen = { images: 0, infos: 0, foreign: [], complaints: [] };
  const ours = (url) => url.startsWith(`${root}/`);
  page.on("request", (request) => {
    const url = request.url();
    if (!/^https?:/.test(url) || url.startsWith(`${origin}/`)) return;
    if (!ours(url)) seen.foreign.push(url);
    else if (url.endsWith("/info.json")) seen.infos += 1;
    else seen.images += 1;
  });
  page.on("response", (response) => {
    if (response.status() >= 400) seen.complaints.push(`${response.status()} ${response.url()}`);
  });
  page.on("requestfailed", (request) => {
    // A viewer gives up on tiles that have left the view; the browser calls that a failure.
    const why = request.failure()?.errorText;
    if (why !== "net::ERR_ABORTED") seen.complaints.push(`${why} ${request.url()}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !OWN_FAULTS.test(message.text())) seen.complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.complaints.push(`exception: ${error}`));
  return seen;
}

// Pages, packages and manifests. /mirador-4.0.0/package/... is a file of the package, beside it are our pages.
async function serve() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const [, first, second, ...rest] = pathname.split("/");
    const version = first.match(/^manifest-([23])\.json$/)?.[1];
    if (version) {
      const text = JSON.stringify(await manifest(Number(version)));
      return response.writeHead(200, { "Content-Type": TYPES[".json"] }).end(text);
    }
    // Browsers ask for the one; Universal Viewer 4.4 puts a directory before a data: URL.
    if (first === "favicon.ico" || second?.startsWith("data:")) return response.writeHead(204).end();
    const file = second === "package" ? path.join(packages, first, ...rest) : path.join(here, second ?? "");
    const stream = createReadStream(file);
    stream.on("open", () => {
      response.writeHead(200, { "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream" });
      stream.pipe(response);
    });
    stream.on("error", () => response.writeHead(404).end());
  });
  await new Promise((ready) => server.listen(0, "localhost", ready));
  return server;
}

// A book of one page (Presentation API 3.0) whose image is on the server in question.
async function manifest(version) {
  const service = `${root}/${version}/${identifier}`;
  const { width, height } = await (await fetch(`${service}/info.json`)).json();
  const described = version === 3
    ? { id: service, type: "ImageService3", profile: "level2" }
    : { "@id": service, "@type": "ImageService2", profile: "http://iiif.io/api/image/2/level2.json" };
  const id = (name) => `${origin}/${name}`;
  const body = {
    id: `${service}/full/${version === 3 ? "max" : "full"}/0/default.jpg`,
    type: "Image", format: "image/jpeg", width, height, service: [described],
  };
  const annotation = { id: id("annotation"), type: "Annotation", motivation: "painting", body, target: id("canvas") };
  const list = { id: id("list"), type: "AnnotationPage", items: [annotation] };
  const canvas = { id: id("canvas"), type: "Canvas", label: { none: ["1"] }, width, height, items: [list] };
  return {
    "@context": "http://iiif.io/api/presentation/3/context.json",
    id: id(`manifest-${version}.json`), type: "Manifest", label: { none: ["A leaf"] }, items: [canvas],
  };
}

// The directory of the package, whatever its version.
async function packageNamed(name) {
  const found = (await readdir(packages)).find((entry) => entry.startsWith(`${name}-`));
  return path.join(packages, found);
}

function tell(record) {
  console.log(JSON.stringify(record));
}
