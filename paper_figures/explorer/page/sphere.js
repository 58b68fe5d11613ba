"use strict";

/** Particles on a sphere, with the edges of their convex hull, turned by hand. */
(() => {
  const sizes = DATA.sphere;
  const canvas = byId("sphere-view");
  const slider = byId("sphere-size");
  const say = announcer("sphere-live");
  const START = multiply(about(0, 0.35), about(1, 0.45));
  const STEP = Math.PI / 30;
  let view = START;
  let at = sizes[0];

  /** Rotation by an angle about axis 0, 1 or 2 of the screen. */
  function about(axis, angle) {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const [j, k] = [(axis + 1) % 3, (axis + 2) % 3];
    const out = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    out[j][j] = out[k][k] = c;
    out[k][j] = s;
    out[j][k] = -s;
    return out;
  }

  function multiply(a, b) {
    return a.map((line) => b[0].map((_, j) => line.reduce((sum, v, k) => sum + v * b[k][j], 0)));
  }

  /** The orthogonal matrix next to one that rounding has bent, by Gram and Schmidt. */
  function straight(rows) {
    const done = [];
    for (const line of rows) {
      const rest = done.reduce((v, u) => {
        const share = v.reduce((sum, x, i) => sum + x * u[i], 0);
        return v.map((x, i) => x - share * u[i]);
      }, line);
      const length = Math.hypot(...rest);
      done.push(rest.map((x) => x / length));
    }
    return done;
  }

  function channels(name) {
    const value = colour(name);
    return [1, 3, 5].map((k) => parseInt(value.slice(k, k + 2), 16));
  }

  function draw() {
    const { context, width, height } = fitted(canvas);
    if (!width) return;
    const radius = 0.43 * Math.min(width, height);
    const [near, far] = [channels("near"), channels("far")];
    const shade = (share) => `rgb(${near.map((c, i) => Math.round(far[i] + (c - far[i]) * share ** 1.5)).join(" ")})`;
    const points = at.positions.map((point) => {
      const [x, y, depth] = view.map((line) => line.reduce((sum, v, k) => sum + v * point[k], 0));
      return { x: width / 2 + radius * x, y: height / 2 - radius * y, share: clamp((1 + depth) / 2, 0, 1) };
    });
    context.strokeStyle = colour("rule");
    context.lineWidth = 1;
    context.beginPath();
    context.arc(width / 2, height / 2, radius, 0, 2 * Math.PI);
    context.stroke();
    const size = clamp(radius * 0.32 / Math.sqrt(at.n), 3, 9);
    const edges = at.edges.map(([i, j]) => ({ a: points[i], b: points[j], share: (points[i].share + points[j].share) / 2 }));
    const order = (thing) => thing.share + (thing.a ? 0 : 0.1); // a particle covers its own edges
    const things = [...edges, ...points].sort((a, b) => order(a) - order(b));
    context.lineCap = "round";
    for (const thing of things) {
      context.beginPath();
      if (thing.a) {
        context.strokeStyle = shade(thing.share);
        context.lineWidth = 0.8 + 2.2 * thing.share;
        context.moveTo(thing.a.x, thing.a.y);
        context.lineTo(thing.b.x, thing.b.y);
        context.stroke();
      } else {
        context.fillStyle = shade(thing.share);
        context.arc(thing.x, thing.y, size * (0.6 + 0.5 * thing.share), 0, 2 * Math.PI);
        context.fill();
      }
    }
    canvas.dataset.view = view.flat().map((v) => v.toFixed(3)).join(" ");
  }

  function turn(rotation) {
    view = straight(multiply(rotation, view));
    requestAnimationFrame(draw);
  }

  function group(name) {
    const [, letter, low] = /^([A-Z])(.*)$/.exec(name) || [null, name, ""];
    return [letter, make("sub", {}, low)];
  }

  function show(spoken) {
    at = sizes[Number(slider.value)];
    byId("sphere-size-text").textContent = String(at.n);
    byId("sphere-name").replaceChildren(`N = ${at.n}, `, ...(at.symmetry ? group(at.symmetry) : ["no symmetry"]));
    const finite = at.order !== null;
    const rows = [["energy", quantity(at.energy, DATA.digits)]];
    if (at.reference !== null) rows.push(["best known", quantity(at.reference, DATA.digits)]);
    rows.push(["symmetry group", ...(at.symmetry ? group(at.symmetry) : ["trivial"]), finite ? `, order ${at.order}` : ", of infinite order"],
      ["starts that end in it", `${text(100 * at.hits, 3)} % (95 %: ${text(100 * at.interval[0], 3)} to ${text(100 * at.interval[1], 3)} %)`],
      ["edges of the hull", String(at.edges.length)],
      ["dipole |Σ rᵢ|", at.dipole < 1e-7 ? "0" : text(at.dipole, 3)],
      ["tight frame", at.tight ? "yes" : "no"]);
    facts(byId("sphere-facts"), rows);
    slider.setAttribute("aria-valuetext", `${at.n} particles`);
    canvas.setAttribute("aria-label", `Arrangement of ${at.n} particles, symmetry ${at.symmetry || "trivial"}`);
    draw();
    if (spoken) say(`${at.n} particles, energy ${text(at.energy, 6)}, symmetry ${at.symmetry || "trivial"}.`);
  }

  function step(by) {
    slider.value = clamp(Number(slider.value) + by, 0, sizes.length - 1);
    show(true);
  }

  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    last = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("turning");
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const scale = 2.3 / canvas.clientWidth * 2;
    const [dx, dy] = [event.clientX - last[0], event.clientY - last[1]];
    last = [event.clientX, event.clientY];
    turn(multiply(about(0, dy * scale), about(1, dx * scale)));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      last = null;
      canvas.classList.remove("turning");
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const turns = { ArrowLeft: [1, -1], ArrowRight: [1, 1], ArrowUp: [0, -1], ArrowDown: [0, 1], ",": [2, 1], ".": [2, -1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "r" || event.key === "R") {
      view = START;
      draw();
    } else if (event.key in turns) {
      const [axis, sign] = turns[event.key];
      turn(about(axis, sign * STEP));
    } else return;
    event.preventDefault();
  });

  slider.max = sizes.length - 1;
  slider.value = Math.max(0, sizes.findIndex((size) => size.n === 12));
  slider.addEventListener("input", () => show(true));
  byId("sphere-less").addEventListener("click", () => step(-1));
  byId("sphere-more").addEventListener("click", () => step(1));
  keepDrawn(canvas, draw);
  show(false);
})();
