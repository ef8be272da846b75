// What the driver asks a page, answered by the OpenSeadragon that most viewers have inside. `find` gives it once it is
// there. Rectangles are in pixels of the picture. Pages of other viewers answer in the same words:
//
//   size()      how large the picture is, once it is open
//   surface()   where in the window it is shown
//   show(rect)  goes there at once
//   shown()     what is in view
//   loaded()    whether all of it is there and drawn, and nothing moves by itself
//   picture()   what is drawn, as a data URL; without it the driver looks at the window
//   faults()    what only this viewer can tell of its tiles
//   whole       whether it knows no steps between its levels
function eyeOf(find) {
  const item = () => find()?.world?.getItemAt(0);
  return {
    size: () => item() && { width: item().source.width, height: item().source.height },
    surface: () => {
      const { canvas } = find().drawer;
      const { x, y } = canvas.getBoundingClientRect();
      return { x, y, width: canvas.clientWidth, height: canvas.clientHeight };
    },
    show: ({ x, y, width, height }) => {
      find().viewport.fitBounds(item().imageToViewportRectangle(x, y, width, height), true);
    },
    shown: () => {
      const { x, y, width, height } = item().viewportToImageRectangle(find().viewport.getBounds(true));
      return { x, y, width, height };
    },
    loaded: () => item().getFullyLoaded(),
    // Throws if a tile came without leave for scripts of this origin.
    picture: () => find().drawer.canvas.toDataURL("image/png"),
    faults: () => [],
    whole: false,
  };
}
