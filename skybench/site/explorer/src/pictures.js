// One sample as a picture, whatever its form; `skybench.registry.pictures` in the browser.
import { pixelOf } from "./healpix.js";

export const STRETCHES = ["asinh", "linear", "log"];

const SOFTENING = 2; // noise levels that are shown linearly
const CLEAN = 0.01; // share of the peak that stands for the noise where there is none
const WEIGHTS = [0.65, 1, 1.75]; // of red, green and blue: equal light per wavelength is grey
const MOST_MEASURED = 4096; // pixels from which sky and noise are taken
const COLOURS = ["#ffd166", "#56b4e9", "#f06e6e", "#78d28c", "#c896f0"];

const FORMS = {
  "y,x": drawImage,
  "band,y,x": drawBands,
  "z,y,x": drawCube,
  time: drawSeries,
  "time,body,axis": drawOrbits,
  pixel: drawMap,
};

/** Whether a form is shown with a stretch that can be chosen. */
export function isStretched(dims) {
  return [drawImage, drawBands].includes(FORMS[dims.join()]);
}

export function canDraw(dims) {
  return dims.join() in FORMS || dims.length === 1;
}

/**
 * Draw a sample on a canvas: images with one canvas pixel a pixel, which the page enlarges, plots
 * in `options.size` pixels.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{values: TypedArray, shape: number[]}} sample
 * @param {string[]} dims
 * @param {object} options - {stretch, band, size, isPicture, attributes}; band is a step or "rgb"
 */
export function draw(canvas, sample, dims, options) {
  const form = FORMS[dims.join()] ?? drawSeries;
  form(canvas, new Float64Array(sample.values), sample.shape, options);
}

function drawImage(canvas, pixels, [height, width], { stretch }) {
  paint(canvas, width, height, [brightness(pixels, stretch)]);
}

function drawBands(canvas, pixels, [bands, height, width], options) {
  const length = height * width;
  const plane = (band) => pixels.subarray(band * length, (band + 1) * length);
  if (options.band !== "rgb") return drawImage(canvas, plane(Number(options.band)), [height, width], options);
  const chosen = [bands - 1, Math.floor(bands / 2), 0].map(plane);
  const colours = options.isPicture ? chosen.map((plane) => between(plane, 0, 255)) : coloured(chosen, options.stretch);
  return paint(canvas, width, height, colours);
}

/** All bands by one factor, so that colour is kept where brightness is compressed (Lupton et al. 2004). */
function coloured(planes, stretch) {
  const light = planes.map((plane, k) => {
    const sky = median(plane);
    return plane.map((value) => (value - sky) * WEIGHTS[k]);
  });
  const mean = light[0].map((_, place) => (light[0][place] + light[1][place] + light[2][place]) / 3);
  const soft = SOFTENING * noiseOf(mean);
  const peak = Math.max(extent(mean)[1] / soft, 1e-9);
  const curve = CURVES[stretch](peak);
  const top = curve(peak) || 1;
  const factor = mean.map((value) => {
    const scaled = Math.max(value / soft, 1e-9);
    return curve(scaled) / scaled / top / soft;
  });
  return light.map((plane) => plane.map((value, place) => value * factor[place]));
}

const CURVES = {
  asinh: () => Math.asinh,
  linear: () => (value) => value,
  log: (peak) => (value) => Math.log1p((1000 * Math.max(0, value)) / peak),
};

/** From 0, dark, to 1, white: by sky and noise of the pixels, or linearly from least to largest. */
function brightness(pixels, stretch) {
  if (stretch === "linear") return between(pixels, ...extent(pixels));
  const sky = median(pixels);
  const soft = SOFTENING * noiseOf(pixels);
  const light = pixels.map((value) => (value - sky) / soft);
  const peak = Math.max(extent(light)[1], 1);
  const curve = CURVES[stretch](peak);
  return between(light.map(curve), stretch === "asinh" ? -0.5 : 0, Math.max(curve(peak), 1));
}

function between(values, low, high) {
  const span = high - low || 1;
  return values.map((value) => (value - low) / span);
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

function median(values) {
  const step = Math.ceil(values.length / MOST_MEASURED);
  const some = Float64Array.from({ length: Math.ceil(values.length / step) }, (_, k) => values[k * step]);
  some.sort();
  return some.length % 2 ? some[(some.length - 1) / 2] : (some[some.length / 2 - 1] + some[some.length / 2]) / 2;
}

/** 1.4826 times the median absolute deviation, or what stands for it where there is none. */
function noiseOf(pixels) {
  const sky = median(pixels);
  const deviation = 1.4826 * median(pixels.map((value) => Math.abs(value - sky)));
  const [low, high] = extent(pixels);
  return Math.max(deviation, CLEAN * (high - low), 1e-9);
}

/**
 * Paint planes of 0 to 1, one of grey or three of colour. Row 0 is at the bottom: angles then run
 * counter-clockwise, as recorded.
 */
function paint(canvas, width, height, [red, green = red, blue = red]) {
  Object.assign(canvas, { width, height });
  const context = contextOf(canvas);
  const picture = context.createImageData(width, height);
  const { data } = picture;
  for (let place = 0, y = height - 1; y >= 0; y--) {
    for (let pixel = y * width; pixel < (y + 1) * width; pixel++) {
      data[place++] = 255 * red[pixel]; // clamped to 0 to 255
      data[place++] = 255 * green[pixel];
      data[place++] = 255 * blue[pixel];
      data[place++] = 255;
    }
  }
  context.putImageData(picture, 0, 0);
}

/** In memory rather than on the graphics card, to which hundreds of small canvases would be sent. */
function contextOf(canvas) {
  return canvas.getContext("2d", { willReadFrequently: true });
}

/** The column along z, by its logarithm. */
function drawCube(canvas, voxels, [depth, height, width]) {
  const length = height * width;
  const column = new Float64Array(length);
  for (let place = 0; place < depth * length; place++) column[place % length] += voxels[place];
  const peak = extent(column)[1];
  const floor = peak > 0 ? peak * 1e-4 : 1;
  drawImage(canvas, column.map((value) => Math.log(Math.max(value, floor))), [height, width], { stretch: "linear" });
}

function plot(canvas, size) {
  Object.assign(canvas, { width: size, height: size });
  const context = contextOf(canvas);
  context.fillStyle = "#000";
  context.fillRect(0, 0, size, size);
  return context;
}

function fitted(values, size) {
  return between(values, ...extent(values)).map((value) => 6 + value * (size - 12));
}

/** Values as points, one after another. */
function drawSeries(canvas, values, shape, { size }) {
  const context = plot(canvas, size);
  const across = fitted(values.map((_, place) => place), size);
  const up = fitted(values, size).map((value) => size - value);
  context.fillStyle = COLOURS[0];
  const dot = Math.max(1.5, size / 128);
  for (let place = 0; place < values.length; place++) {
    context.fillRect(across[place] - dot / 2, up[place] - dot / 2, dot, dot);
  }
}

/** The paths of the bodies in the plane of the first two axes. */
function drawOrbits(canvas, places, [times, bodies, axes], { size }) {
  const context = plot(canvas, size);
  const along = (axis) => Float64Array.from({ length: times * bodies }, (_, k) => places[k * axes + axis]);
  const [x, y] = [along(0), along(1)];
  const ends = [extent(x), extent(y)];
  const scale = (size - 12) / (Math.max(...ends.map(([low, high]) => high - low)) || 1);
  const onScreen = (values, [low, high], sign) => values.map((value) => size / 2 + sign * scale * (value - (low + high) / 2));
  const [across, down] = [onScreen(x, ends[0], 1), onScreen(y, ends[1], -1)];
  for (let body = 0; body < bodies; body++) {
    context.strokeStyle = context.fillStyle = COLOURS[body % COLOURS.length];
    context.beginPath();
    for (let time = 0; time < times; time++) context.lineTo(across[time * bodies + body], down[time * bodies + body]);
    context.stroke();
    const last = (times - 1) * bodies + body;
    context.fillRect(across[last] - 2, down[last] - 2, 4, 4);
  }
}

/** A HEALPix map on the whole sky in Mollweide's projection, longitude 0 in the middle, growing to the left. */
function drawMap(canvas, values, [pixels], { size, attributes }) {
  const nside = Math.round(Math.sqrt(pixels / 12));
  const light = brightness(values, "linear");
  const nested = attributes.ordering === "nested";
  const height = Math.floor(size / 2);
  const seen = Float64Array.from({ length: size * height }, (_, place) => {
    const x = (4 * ((place % size) + 0.5)) / size - 2;
    const y = (2 * (Math.floor(place / size) + 0.5)) / height - 1;
    if ((x / 2) ** 2 + y ** 2 >= 1) return 0;
    const angle = Math.asin(y);
    const z = (2 * angle + Math.sin(2 * angle)) / Math.PI;
    return 0.12 + 0.88 * light[pixelOf(nside, z, (-Math.PI * x) / (2 * Math.cos(angle)), nested)];
  });
  paint(canvas, size, height, [seen]);
}
