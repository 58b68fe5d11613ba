"use strict";

/** A line with a head from (x0, y0) to (x1, y1), as shapes; a dot where it has no length. */
function arrow(x0, y0, x1, y1, kind, width = 3) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 2) return [shape("circle", { class: `${kind}-fill`, cx: x0, cy: y0, r: width })];
  const head = Math.min(3 * width, length);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const [bx, by] = [x1 - head * ux, y1 - head * uy];
  const side = head / 2;
  const corners = [[x1, y1], [bx - side * uy, by + side * ux], [bx + side * uy, by - side * ux]];
  return [
    shape("line", { class: kind, x1: x0, y1: y0, x2: bx, y2: by, "stroke-width": width }),
    shape("polygon", { class: `${kind}-fill`, points: corners.map((c) => c.map((v) => v.toFixed(2)).join(",")).join(" ") }),
  ];
}
