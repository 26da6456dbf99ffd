/** Pixels of a frame around the data: room for ticks and names on the left and below, for the bar on the right. */
const ROOM = { left: 58, right: 100, top: 10, bottom: 46 };
const BAR = { gap: 14, width: 14 };
const LOWEST_DECADES = 5;

/** Maps values to [0, 1], linear or logarithmic; zero and less are at the lowest end of the latter. */
function makeScale(values, logarithmic) {
  let low = Infinity;
  let high = -Infinity;
  let positive = Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    if (value > 0) positive = Math.min(positive, value);
  }
  if (high < low) return { low: 0, high: 1, logarithmic: false, at: () => 0 };
  if (logarithmic && high > 0) {
    const bottom = Math.max(positive, high / 10 ** LOWEST_DECADES);
    const span = Math.log(high / bottom) || 1;
    return { low: bottom, high, logarithmic: true, at: (value) => Math.log(Math.max(value, bottom) / bottom) / span };
  }
  return { low, high, logarithmic: false, at: (value) => (value - low) / (high - low || 1) };
}

/** Round steps, about as many as wanted, from low to high. */
function ticks(low, high, wanted = 5) {
  const raw = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const made = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; i += 1) made.push(i * step);
  return made;
}

function scaleTicks(scale) {
  if (!scale.logarithmic) return ticks(scale.low, scale.high);
  const powers = [];
  for (let i = Math.ceil(Math.log10(scale.low) - 1e-9); 10 ** i <= scale.high * (1 + 1e-9); i += 1) powers.push(10 ** i);
  return powers.length > 1 ? powers : [scale.low, scale.high];
}

function shortNumber(value) {
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5)) return String(Number(value.toPrecision(4)));
  return value.toExponential(Number.isInteger(Math.log10(Math.abs(value))) ? 0 : 2).replace("e+", "e");
}

/** Ready to draw on, in the page's pixels; its ink and font are those of the page. */
function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  pen.fillStyle = style.color;
  pen.strokeStyle = style.color;
  pen.font = `13px ${style.fontFamily}`;
  return pen;
}

function writeUpwards(pen, text, x, y) {
  pen.save();
  pen.translate(x, y);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, 0, 0);
  pen.restore();
}

/** Box, ticks and names of the axes; x and y: { low, high, name, toPixel }. */
function drawAxes(pen, box, x, y) {
  pen.strokeRect(box.left - 0.5, box.top - 0.5, box.width + 1, box.height + 1);
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const value of ticks(x.low, x.high, Math.min(8, box.width / 60))) {
    pen.fillRect(x.toPixel(value) - 0.5, box.top + box.height, 1, 5);
    pen.fillText(shortNumber(value), x.toPixel(value), box.top + box.height + 7);
  }
  pen.fillText(x.name, box.left + box.width / 2, box.top + box.height + 26, box.width);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const value of ticks(y.low, y.high, Math.min(8, box.height / 30))) {
    pen.fillRect(box.left - 5, y.toPixel(value) - 0.5, 5, 1);
    pen.fillText(shortNumber(value), box.left - 8, y.toPixel(value));
  }
  writeUpwards(pen, y.name, 12, box.top + box.height / 2);
}

function drawBar(pen, box, scale, colours, name) {
  const left = box.left + box.width + BAR.gap;
  const toPixel = (value) => box.top + box.height * (1 - scale.at(value));
  for (let i = 0; i < box.height; i += 1) {
    const [r, g, b] = colourAt(colours, 1 - i / (box.height - 1));
    pen.save();
    pen.fillStyle = `rgb(${r} ${g} ${b})`;
    pen.fillRect(left, box.top + i, BAR.width, 1);
    pen.restore();
  }
  pen.strokeRect(left - 0.5, box.top - 0.5, BAR.width + 1, box.height + 1);
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  for (const value of scaleTicks(scale)) {
    pen.fillRect(left + BAR.width, toPixel(value) - 0.5, 4, 1);
    pen.fillText(shortNumber(value), left + BAR.width + 6, toPixel(value));
  }
  writeUpwards(pen, name, left + BAR.width + 64, box.top + box.height / 2);
}

function colourAt(colours, share) {
  const i = 3 * Math.max(0, Math.min(255, Math.floor(share * 256)));
  return [colours[i], colours[i + 1], colours[i + 2]];
}

function boxFor(width, rows, columns) {
  const inner = width - ROOM.left - ROOM.right;
  const height = Math.max(150, Math.min(420, (inner * rows) / columns));
  const isSquarish = rows / columns > 0.5 && rows / columns < 2;
  return { left: ROOM.left, top: ROOM.top, width: isSquarish ? Math.min(inner, (height * columns) / rows) : inner, height };
}

/** Draws rows x columns of values, the first row on top; returns what lies under a pixel. */
function drawImage(canvas, values, [rows, columns], picture, colours, logarithmic) {
  const width = Math.max(220, canvas.parentElement.clientWidth);
  const box = boxFor(width, rows, columns);
  const pen = prepare(canvas, width, box.height + ROOM.top + ROOM.bottom);
  const scale = makeScale(values, logarithmic);
  const pixels = new ImageData(columns, rows);
  for (const [i, value] of values.entries()) {
    const [r, g, b] = colourAt(colours, scale.at(value));
    pixels.data.set([r, g, b, Number.isNaN(value) ? 0 : 255], 4 * i);
  }
  const raw = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  raw.getContext("2d").putImageData(pixels, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(raw, box.left, box.top, box.width, box.height);
  const [down, across] = picture.axes.length > 1 ? picture.axes : ["row", "column"];
  const middle = (size, length, start) => (value) => start + ((value + 0.5) * length) / size;
  drawAxes(
    pen, box,
    { low: 0, high: columns - 1, name: across, toPixel: middle(columns, box.width, box.left) },
    { low: 0, high: rows - 1, name: down, toPixel: middle(rows, box.height, box.top) },
  );
  drawBar(pen, box, scale, colours, nameOf(picture));
  return (left, top) => {
    const column = Math.floor(((left - box.left) / box.width) * columns);
    const row = Math.floor(((top - box.top) / box.height) * rows);
    if (column < 0 || row < 0 || column >= columns || row >= rows) return "";
    const value = values[row * columns + column];
    return `${down} ${row}, ${across} ${column}: ${Number.isNaN(value) ? "no value" : shortNumber(value)} ${picture.unit}`.trim();
  };
}

/** Draws points with two coordinates; a third one is their colour. */
function drawPoints(canvas, values, [count, size], picture, colours, logarithmic) {
  const width = Math.max(220, canvas.parentElement.clientWidth);
  const box = boxFor(width, 3, 4);
  const pen = prepare(canvas, width, box.height + ROOM.top + ROOM.bottom);
  const coordinate = (i) => Array.from({ length: count }, (_, row) => values[row * size + i]);
  const [xs, ys] = [coordinate(0), coordinate(1)];
  const scale = makeScale(size > 2 ? coordinate(2) : [], logarithmic);
  const axis = (coordinates, name, toPixel) => {
    const { low, high } = makeScale(coordinates, false);
    const margin = 0.05 * (high - low) || 0.5;
    const made = { low: low - margin, high: high + margin, name };
    return { ...made, toPixel: (value) => toPixel((value - made.low) / (made.high - made.low)) };
  };
  const [first, second] = picture.axes.length > 1 ? picture.axes : ["x", "y"];
  const x = axis(xs, first, (share) => box.left + share * box.width);
  const y = axis(ys, second, (share) => box.top + (1 - share) * box.height);
  pen.save();
  for (let i = 0; i < count; i += 1) {
    const [r, g, b] = colourAt(colours, size > 2 ? scale.at(values[i * size + 2]) : 0.3);
    pen.fillStyle = `rgb(${r} ${g} ${b})`;
    pen.beginPath();
    pen.arc(x.toPixel(xs[i]), y.toPixel(ys[i]), 4, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.restore();
  drawAxes(pen, box, x, y);
  if (size > 2) drawBar(pen, box, scale, colours, nameOf(picture));
  return (left, top) => {
    const distances = xs.map((value, i) => Math.hypot(x.toPixel(value) - left, y.toPixel(ys[i]) - top));
    const nearest = distances.indexOf(Math.min(...distances));
    if (!(distances[nearest] < 12)) return "";
    const third = size > 2 ? `: ${shortNumber(values[nearest * size + 2])} ${picture.unit}` : "";
    return `${first} ${shortNumber(xs[nearest])}, ${second} ${shortNumber(ys[nearest])}${third}`.trim();
  };
}

const nameOf = ({ name, unit }) => (unit ? `${name} [${unit}]` : name);
