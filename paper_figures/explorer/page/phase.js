"use strict";

/** The phase diagram of two features: a map of cells, and the stable states of the chosen one. */
(() => {
  const { p, r, names, cells, lines, colours, reach } = DATA.phase;
  const canvas = byId("phase-map");
  const say = announcer("phase-live");
  const [LEFT, RIGHT, TOP, BOTTOM] = [56, 10, 8, 44];
  const DASHES = { solid: [], dotted: [2, 4], dashed: [8, 4], broken: [10, 3, 2, 3] };
  let [row, column] = [nearest(p, 0.265), nearest(r, 0.275)];
  const choice = byId("phase-colour");
  const most = Math.max(2, ...cells.flat().map((states) => states.length));
  let held = false;

  const ends = (values) => {
    const step = Math.log(values[1] / values[0]) / 2;
    return [Math.log(values[0]) - step, Math.log(values[values.length - 1]) + step];
  };
  const [left, right] = ends(r);
  const [bottom, top] = ends(p); // the first density, the largest, is at the bottom
  let box = { width: 1, height: 1 };
  const x = (value) => LEFT + box.width * (Math.log(value) - left) / (right - left);
  const y = (value) => TOP + box.height * (top - Math.log(value)) / (top - bottom);

  /** -1 where feature 1 is alone, 0 for equal norms, 1 where feature 2 is alone. */
  function order([, , , w1, w2]) {
    const [a, b] = [Math.abs(w1), Math.abs(w2)];
    return (b - a) / (a + b);
  }

  /** What the colours show, from -1 to 1. */
  function value(states) {
    return choice.value === "order" ? order(states[0]) : 2 * (states.length - 1) / (most - 1) - 1;
  }

  function shade(value) {
    const at = (value + 1) / 2 * (colours.length - 1);
    const k = Math.min(Math.floor(at), colours.length - 2);
    const mix = colours[k].map((c, i) => Math.round(c + (at - k) * (colours[k + 1][i] - c)));
    return `rgb(${mix.join(" ")})`;
  }

  function draw() {
    const { context, width, height } = fitted(canvas);
    if (!width) return;
    box = { width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
    const [w, h] = [box.width / r.length, box.height / p.length];
    cells.forEach((line, i) => line.forEach((states, j) => {
      context.fillStyle = states.length ? shade(value(states)) : colour("rule");
      const [x0, y0] = [LEFT + j * w, TOP + (p.length - 1 - i) * h];
      context.fillRect(Math.floor(x0), Math.floor(y0), Math.ceil(w) + 1, Math.ceil(h) + 1);
    }));
    boundaries(context);
    axes(context, height);
    mark(context, w, h);
  }

  function boundaries(context) {
    context.save();
    context.beginPath();
    context.rect(LEFT, TOP, box.width, box.height);
    context.clip();
    for (const { style, points } of lines) {
      const path = new Path2D();
      for (const mirror of [1, -1]) {
        points.forEach(([density, importance], k) => {
          const go = k === 0 || points[k - 1] === null ? "moveTo" : "lineTo";
          path[go](x(importance ** mirror), y(density));
        });
      }
      context.setLineDash([]);
      Object.assign(context, { strokeStyle: "#000", lineWidth: 3.4 });
      context.stroke(path);
      context.setLineDash(DASHES[style]);
      Object.assign(context, { strokeStyle: "#fff", lineWidth: 1.8 });
      context.stroke(path);
    }
    context.restore();
  }

  function axes(context, height) {
    Object.assign(context, { fillStyle: colour("text"), strokeStyle: colour("muted"), lineWidth: 1 });
    context.font = "12px system-ui, sans-serif";
    context.strokeRect(LEFT + 0.5, TOP + 0.5, box.width - 1, box.height - 1);
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const tick of ticks(r, [0.1, 0.2, 0.5, 1, 2, 5, 10])) {
      context.fillText(String(tick), x(tick), height - BOTTOM + 5);
    }
    context.fillText("relative importance r of feature 2", LEFT + box.width / 2, height - 20);
    Object.assign(context, { textAlign: "right", textBaseline: "middle" });
    for (const tick of ticks(p, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1])) {
      context.fillText(String(tick), LEFT - 6, y(tick));
    }
    context.save();
    context.translate(13, TOP + box.height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText("density p (sparser →)", 0, 0);
    context.restore();
  }

  function ticks(values, wanted) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return wanted.filter((tick) => tick > low / 1.05 && tick < high * 1.05);
  }

  function mark(context, w, h) {
    const [x0, y0] = [LEFT + column * w, TOP + (p.length - 1 - row) * h];
    context.setLineDash([]);
    for (const [grow, line, stroke] of [[3, 2.5, "#000"], [1, 2, "#fff"]]) {
      Object.assign(context, { strokeStyle: stroke, lineWidth: line });
      context.strokeRect(x0 - grow, y0 - grow, w + 2 * grow, h + 2 * grow);
    }
    if (held) {
      Object.assign(context, { fillStyle: "#fff", strokeStyle: "#000", lineWidth: 1 });
      context.beginPath();
      context.arc(x0 + w / 2, y0 - 7, 3.5, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  function sentence() {
    const states = cells[row][column];
    if (!states.length) return "No states were found here.";
    const lowest = states.filter((state) => state[7]).map((state) => names[state[0]]);
    const others = states.filter((state) => !state[7]).map((state) => names[state[0]]);
    const start = lowest.length > 1
      ? `${lowest.length} ground states of equal loss: ${lowest.join(" and ")}`
      : `Ground state: ${lowest[0]}`;
    const rest = others.length ? `metastable: ${others.join(", ")}` : "no other local minimum";
    return `${start}; ${rest}.`;
  }

  function show() {
    const heading = byId("phase-cell");
    heading.replaceChildren("p = ", quantity(p[row], 4), ", r = ", quantity(r[column], 4));
    if (held) heading.append(make("span", { class: "tag" }, " held"));
    byId("phase-summary").textContent = sentence();
    const states = cells[row][column];
    const cards = states.map((state) => card(state, states[0][1]));
    byId("phase-states").replaceChildren(...cards);
    draw();
  }

  function card(state, lowest) {
    const [phase, loss, excess, w1, w2, b1, b2, ground] = state;
    const title = make("h3", {}, names[phase],
      make("span", { class: "tag" }, ground ? "ground state" : "metastable"));
    const list = make("dl", { class: "facts" });
    facts(list, [
      ["loss", quantity(loss, DATA.digits)],
      ["excess", quantity(excess, DATA.few), ...(ground ? [] : [` (+${text(100 * excess / lowest, 3)} %)`])],
      ["w₁, w₂", quantity(w1, DATA.few), ", ", quantity(w2, DATA.few)],
      ["b₁, b₂", quantity(b1, DATA.few), ", ", quantity(b2, DATA.few)],
    ]);
    return make("article", { class: ground ? "card ground" : "card" }, title, line(state), list);
  }

  /** Weights as arrows and biases as bars along the one hidden dimension. */
  function line([phase, , , ...values]) {
    const at = (v) => 150 + 125 * v / reach;
    const svg = shape("svg", { viewBox: "0 0 300 100", role: "img",
      "aria-label": `Weights and biases of the state ${names[phase]}` });
    for (const tick of [-1, 0, 1]) {
      svg.append(shape("line", { class: tick ? "rule" : "axis", x1: at(tick), x2: at(tick), y1: 4, y2: 84 }),
        shape("text", { class: "faint", x: at(tick), y: 97, "text-anchor": "middle" }, text(tick, 1)));
    }
    values.slice(0, 4).forEach((value, k) => {
      const [feature, height, weight] = [k % 2, 14 + 20 * k, k < 2];
      const name = (weight ? "w" : "b") + subscript(feature + 1);
      const kind = feature ? "second" : "first";
      const end = at(value);
      if (weight) svg.append(...arrow(150, height, end, height, kind));
      else svg.append(shape("rect", { class: `${kind}-fill`, x: Math.min(150, end), y: height - 5,
        width: Math.max(Math.abs(end - 150), 1.5), height: 10 }));
      const side = value < 0 ? -1 : 1;
      svg.append(shape("text", { x: end + 7 * side, y: height + 4,
        "text-anchor": side > 0 ? "start" : "end" }, name));
    });
    return svg;
  }

  function move(i, j, spoken) {
    row = clamp(i, 0, p.length - 1);
    column = clamp(j, 0, r.length - 1);
    show();
    if (spoken) say(`Density ${text(p[row], 3)}, relative importance ${text(r[column], 3)}. ${sentence()}`);
  }

  /** The cell under the pointer, as [row, column]. */
  function under(event) {
    const frame = canvas.getBoundingClientRect();
    const across = (event.clientX - frame.left - LEFT) / box.width;
    const up = 1 - (event.clientY - frame.top - TOP) / box.height;
    return [Math.floor(up * p.length), Math.floor(across * r.length)]
      .map((k, axis) => clamp(k, 0, (axis ? r : p).length - 1));
  }

  canvas.addEventListener("pointermove", (event) => {
    const [i, j] = under(event);
    if (!held && (i !== row || j !== column)) move(i, j, false);
  });
  canvas.addEventListener("click", (event) => {
    const [i, j] = under(event);
    held = !(held && i === row && j === column);
    move(i, j, true);
  });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0],
      Home: [0, -r.length], End: [0, r.length], PageUp: [5, 0], PageDown: [-5, 0] };
    if (event.key === "Escape") held = false;
    else if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [up, across] = steps[event.key] || [0, 0];
    move(row + up, column + across, true);
  });

  const stops = colours.map((c, k) => `rgb(${c.join(" ")}) ${100 * k / (colours.length - 1)}%`);
  byId("phase-bar").style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  function label() {
    const names = choice.value === "order" ? ["feature 1 alone", "equal norms", "feature 2 alone"]
      : Array.from({ length: most }, (_, k) => String(k + 1));
    byId("phase-bar-labels").replaceChildren(...names.map((name) => make("span", {}, name)));
    draw();
  }
  choice.addEventListener("change", label);
  byId("phase-legend").replaceChildren(...lines.map(({ label, style }) => make("li", {}, sample(style), label)));

  function sample(style) {
    const ends = { x1: 0, x2: 40, y1: 8, y2: 8 };
    return shape("svg", { viewBox: "0 0 40 16", "aria-hidden": "true" },
      shape("line", { ...ends, stroke: "#000", "stroke-width": 6 }),
      shape("line", { ...ends, stroke: "#fff", "stroke-width": 2.4, "stroke-dasharray": DASHES[style].join(" ") }));
  }

  keepDrawn(canvas, draw);
  label();
  show();
})();
