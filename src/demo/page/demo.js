// The demo's page: the list of masters on the left, one of them in OpenSeadragon, everything through IIIF URLs.
"use strict";

const THUMB = { width: 168, height: 126 }; // twice the size on the page, for dense screens
const at = (name) => document.getElementById(name);
const iiif = (id, rest, version = 3) => `/iiif/${version}/${id}/${rest}`;
const pixels = (n) => n.toLocaleString("en");

/** Region and size of a IIIF URL for a picture that fits into a box; 3.0 refuses boxes larger than the region. */
function fitted(width, height, box) {
  return width > box.width || height > box.height ? `!${box.width},${box.height}` : "max";
}

async function infoOf(id) {
  const answer = await fetch(iiif(id, "info.json"));
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer.json();
}

// ---- the list

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    showThumb(entry.target);
  }
}, { rootMargin: "300px" });

async function showThumb(item) {
  const id = item.dataset.id;
  const note = item.querySelector("small");
  try {
    if (faults.has(id)) throw new Error(faults.get(id));
    const info = await infoOf(id);
    note.textContent = `${pixels(info.width)} × ${pixels(info.height)}`;
    const image = new Image();
    image.alt = "";
    image.src = iiif(id, `full/${fitted(info.width, info.height, THUMB)}/0/default.jpg`);
    item.querySelector(".thumb").replaceChildren(image);
  } catch (error) {
    item.classList.add("broken");
    note.textContent = error.message;
  }
}

function listItem(master) {
  const item = document.createElement("li");
  item.dataset.id = master.id;
  item.innerHTML = '<a><span class="thumb"></span><span class="text"><b></b><small></small></span></a>';
  item.querySelector("a").href = `#${master.id}`;
  item.querySelector("b").textContent = master.name.replace(/\.tiff?$/i, "");
  seen.observe(item);
  return item;
}

// All masters, and of those that are searched for as many as somebody may look through.
const SHOWN = 500;
let masters = [];
const faults = new Map(); // what is wrong with a file, by its identifier

function showList() {
  const wanted = at("filter").value.trim().toLowerCase();
  const found = masters.filter((master) => master.name.toLowerCase().includes(wanted));
  seen.disconnect();
  at("list").replaceChildren(...found.slice(0, SHOWN).map(listItem));
  const count = `${pixels(masters.length)} ${masters.length === 1 ? "master" : "masters"}`;
  at("count").textContent = wanted ? `${pixels(found.length)} of ${count}` : `${count} · IIIF 3.0 and 2.1`;
  at("more").hidden = found.length > 0 && found.length <= SHOWN;
  at("more").textContent = found.length === 0
    ? `Nothing found for “${at("filter").value.trim()}”.`
    : `The first ${SHOWN} are shown: search for the others.`;
  mark(current?.id ?? location.hash.slice(1));
}

/** Shows which one of the list is open. */
function mark(id) {
  for (const item of at("list").children) {
    if (item.dataset.id === id) {
      item.firstChild.setAttribute("aria-current", "true");
      item.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      item.firstChild.removeAttribute("aria-current");
    }
  }
}

at("filter").addEventListener("input", showList);

// ---- the viewer

const viewer = OpenSeadragon({
  element: at("viewer"),
  showNavigationControl: false, // its buttons are pictures; ours are letters
  showNavigator: true,
  navigatorPosition: "TOP_RIGHT",
  crossOriginPolicy: "Anonymous",
  maxZoomPixelRatio: 4,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
});

const zoom = (factor) => { viewer.viewport.zoomBy(factor); viewer.viewport.applyConstraints(); };
at("in").onclick = () => zoom(1.6);
at("out").onclick = () => zoom(1 / 1.6);
const home = () => { viewer.viewport.setRotation(0); viewer.viewport.goHome(); };
at("home").onclick = home;
at("turn").onclick = () => viewer.viewport.setRotation((viewer.viewport.getRotation() + 90) % 360);

let current = null;

async function open(id) {
  current = null;
  viewer.close();
  viewer.viewport?.setRotation(0, true); // the turn was for the one before
  mark(id);
  try {
    if (faults.has(id)) throw new Error(faults.get(id));
    const info = await infoOf(id);
    if (location.hash.slice(1) !== id) return; // another one was chosen meanwhile
    current = { id, width: info.width, height: info.height, limits: info };
    at("name").textContent = decodeURIComponent(id);
    at("size").textContent = `${pixels(info.width)} × ${pixels(info.height)} pixels`;
    at("info3").href = iiif(id, "info.json");
    at("info2").href = iiif(id, "info.json", 2);
    const manifest = masters.find((master) => master.id === id)?.manifest;
    // Its pictures are at localhost, and a page of the web reaches that one alone.
    at("mirador").hidden = !manifest || location.hostname !== "localhost";
    if (manifest) at("mirador").href = `https://projectmirador.org/embed/?iiif-content=${new URL(manifest, location)}`;
    // The tiles come from where the page came from, under whatever name this machine was reached.
    viewer.open({ ...info, id: new URL(iiif(id, ""), location).href.replace(/\/$/, "") });
    say("");
  } catch (error) {
    say(`${decodeURIComponent(id)}: ${error.message}`);
  }
}

function say(text) {
  at("message").textContent = text;
  document.querySelector("footer").hidden = at("buttons").hidden = text !== "";
}

/** The IIIF URL of what is visible, at the size of the screen. */
function viewUrl() {
  const image = viewer.world.getItemAt(0);
  if (!current || !image) return null;
  const bounds = image.viewportToImageRectangle(viewer.viewport.getBoundsNoRotate(true));
  const left = Math.max(0, Math.floor(bounds.x));
  const top = Math.max(0, Math.floor(bounds.y));
  const width = Math.min(current.width, Math.ceil(bounds.x + bounds.width)) - left;
  const height = Math.min(current.height, Math.ceil(bounds.y + bounds.height)) - top;
  if (width < 1 || height < 1) return null;
  const box = { width: viewer.container.clientWidth, height: viewer.container.clientHeight };
  const whole = width === current.width && height === current.height;
  const region = whole ? "full" : `${left},${top},${width},${height}`;
  return iiif(current.id, `${region}/${fitted(width, height, box)}/${viewer.viewport.getRotation() % 360}/default.jpg`);
}

// What somebody wants to paste elsewhere: a whole address, not a path.
at("copy").onclick = async () => {
  const url = new URL(viewUrl() ?? iiif(current.id, "info.json"), location).href;
  try {
    await navigator.clipboard.writeText(url);
    at("copy").textContent = "copied";
  } catch {
    prompt("The address of this view", url); // without TLS only localhost may write to the clipboard
  }
  setTimeout(() => { at("copy").textContent = "copy its address"; }, 1500);
};

viewer.addHandler("canvas-key", (event) => {
  if (event.originalEvent.key !== "0") return;
  event.preventDefaultAction = true;
  home();
});
viewer.addHandler("animation-finish", showView);
viewer.addHandler("open", showView);
viewer.addHandler("rotate", showView);
viewer.addHandler("open-failed", (event) => say(String(event.message)));

function showView() {
  const url = viewUrl();
  if (!url) return;
  at("view").href = url;
  const image = viewer.world.getItemAt(0);
  const percent = 100 * image.viewportToImageZoom(viewer.viewport.getZoom());
  at("scale").textContent = `at ${percent < 10 ? percent.toPrecision(2) : Math.round(percent)} %`;
}

// ---- the start

window.addEventListener("hashchange", () => open(location.hash.slice(1)));

(async () => {
  masters = await (await fetch("masters.json")).json();
  for (const { id, fault } of masters) if (fault) faults.set(id, fault);
  at("filter").hidden = masters.length < 8;
  if (masters.length === 0) return say("There are no masters here yet.");
  const sound = masters.find((master) => !master.fault) ?? masters[0];
  if (location.hash.length < 2) history.replaceState(null, "", `#${sound.id}`);
  showList();
  open(location.hash.slice(1));
})().catch((error) => say(`The list of masters did not load: ${error.message}`));
