"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const SUPERSCRIPTS = { "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].map((c, i) => [i, c])) };
const subscript = (i) => SUBSCRIPTS[i];

/** An element with attributes and children, which may be strings. */
function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A number as text: `digits` significant ones, a true minus sign, powers of ten where far from 1. */
function text(value, digits) {
  if (value === null || value === undefined) return "none";
  if (value === 0) return "0";
  let shown = value.toPrecision(digits);
  if (Math.abs(value) < 1e-4) shown = value.toExponential(digits - 1);
  const [mantissa, power] = shown.split("e");
  const raised = power ? ` × 10${[...String(Number(power))].map((c) => SUPERSCRIPTS[c]).join("")}` : "";
  return mantissa.replace("-", "−") + raised;
}

/** A number that carries its value as the page has it, for machines. */
function quantity(value, digits) {
  return make("data", { value: String(value) }, text(value, digits));
}

function facts(list, rows) {
  list.replaceChildren(...rows.flatMap(([name, ...values]) =>
    [make("dt", {}, name), make("dd", {}, ...values)]));
}

/** Colours of the theme, by name. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Fits a canvas to its size on the screen; returns its context in CSS pixels with both sides. */
function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

const redraws = [];

/** Draws now, and whenever the theme or the size of the canvas changes. */
function keepDrawn(canvas, draw) {
  redraws.push(draw);
  new ResizeObserver(draw).observe(canvas);
}

/** Says a sentence to screen readers once the changes pause. */
function announcer(id) {
  let timer = 0;
  return (sentence) => {
    clearTimeout(timer);
    timer = setTimeout(() => { byId(id).textContent = sentence; }, 150);
  };
}

/** Nearest index of `value` in a list of numbers, by ratio. */
function nearest(values, value) {
  const apart = values.map((x) => Math.abs(Math.log(x / value)));
  return apart.indexOf(Math.min(...apart));
}
