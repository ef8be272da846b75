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
  item.dataset.name = master.name.toLowerCase();
  item.innerHTML = '<a><span class="thumb"></span><span class="text"><b></b><small></small></span></a>';
  item.querySelector("a").href = `#${master.id}`;
  item.querySelector("b").textContent = master.name.replace(/\.tiff?$/i, "");
  seen.observe(item);
  return item;
}

at("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const item of at("list").children) item.hidden = !item.dataset.name.includes(wanted);
});

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
at("home").onclick = () => viewer.viewport.goHome();
at("turn").onclick = () => viewer.viewport.setRotation((viewer.viewport.getRotation() + 90) % 360);

let current = null;

async function open(id) {
  current = null;
  viewer.close();
  for (const item of at("list").children) {
    const link = item.firstChild;
    if (item.dataset.id === id) {
      link.setAttribute("aria-current", "true");
      item.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
  try {
    const info = await infoOf(id);
    if (location.hash.slice(1) !== id) return; // another one was chosen meanwhile
    current = { id, width: info.width, height: info.height, limits: info };
    at("name").textContent = decodeURIComponent(id);
    at("size").textContent = `${pixels(info.width)} × ${pixels(info.height)} pixels`;
    at("info3").href = iiif(id, "info.json");
    at("info2").href = iiif(id, "info.json", 2);
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
  const masters = await (await fetch("masters.json")).json();
  at("list").replaceChildren(...masters.map(listItem));
  at("filter").hidden = masters.length < 8;
  at("count").textContent = `${masters.length} ${masters.length === 1 ? "master" : "masters"} · IIIF 3.0 and 2.1`;
  if (masters.length === 0) return say("There are no masters here yet.");
  if (location.hash.length < 2) history.replaceState(null, "", `#${masters[0].id}`);
  open(location.hash.slice(1));
})().catch((error) => say(`The list of masters did not load: ${error.message}`));
