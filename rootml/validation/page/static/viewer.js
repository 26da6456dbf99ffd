/** Bytes of a text in base64. */
const fromBase64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

/** Values of a picture: float32, deflated. */
async function unpack(text) {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Float32Array(await new Response(stream).arrayBuffer());
}

const factOf = (event, name) => event.facts.find(([key]) => key === name)?.[1];
const option = (value, text = value) => new Option(text, value);
const MOST_CHOICES = 12;

/** Names of facts that are numbers (to sort by), and texts with few values (to choose by). */
function kindsOfFacts(events) {
  const values = new Map();
  for (const event of events) {
    for (const [name, value] of event.facts) values.set(name, [...(values.get(name) ?? []), value]);
  }
  const distinct = (name) => [...new Set(values.get(name))].filter((value) => value !== null).sort();
  const all = (name, type) => values.get(name).every((value) => value === null || typeof value === type);
  const names = [...values.keys()];
  return {
    numbers: names.filter((name) => all(name, "number")),
    choices: names.filter((name) => all(name, "string")).map((name) => [name, distinct(name)])
      .filter(([, found]) => found.length > 1 && found.length <= MOST_CHOICES),
  };
}

class Viewer {
  constructor({ colours, events }) {
    this.colours = fromBase64(colours);
    this.events = events.map((event) => (event.kind ? { ...event, facts: [["chosen as", event.kind], ...event.facts] } : event));
    this.filters = new Map();
    this.channel = 0;
    this.shown = [];
    this.buildControls();
    this.select();
  }

  buildControls() {
    const { numbers, choices } = kindsOfFacts(this.events);
    for (const [name, values] of choices) {
      const select = document.createElement("select");
      select.dataset.fact = name;
      select.append(option("", "all"), ...values.map((value) => option(value)));
      select.addEventListener("change", () => { this.filters.set(name, select.value); this.select(); });
      const label = document.createElement("label");
      label.append(`${name} `, select);
      find("event-filters").append(label);
    }
    find("event-order").append(option("", "as given"), ...numbers.map((name) => option(name)));
    for (const id of ["event-order", "event-descending"]) find(id).addEventListener("change", () => this.select());
    find("event-choice").addEventListener("change", () => this.show(find("event-choice").selectedIndex));
    find("event-log").addEventListener("change", () => this.draw());
    find("event-previous").addEventListener("click", () => this.step(-1));
    find("event-next").addEventListener("click", () => this.step(1));
    find("viewer").addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || event.target.matches("select, input")) return;
      event.preventDefault();
      this.step(step);
    });
    for (const [target, name] of [[window, "resize"], [document, "themechange"]]) target.addEventListener(name, () => this.draw());
    find("viewer").hidden = false;
  }

  /** The events that pass all filters, in order; the one shown stays, if it is still there. */
  select() {
    const before = this.chosen?.[this.index];
    const passes = (event) => [...this.filters].every(([name, value]) => !value || factOf(event, name) === value);
    const order = find("event-order").value;
    const sign = find("event-descending").checked ? -1 : 1;
    const key = (event) => factOf(event, order) ?? null;
    this.chosen = this.events.filter(passes);
    if (order) {
      this.chosen.sort((a, b) => (key(a) === null || key(b) === null ? 1 : sign) * compareKeys(key(a), key(b)));
    }
    find("event-choice").replaceChildren(...this.chosen.map((event, i) => option(i, event.title)));
    this.show(Math.max(0, order ? 0 : this.chosen.indexOf(before)));
  }

  step(by) {
    if (this.chosen.length) this.show((this.index + by + this.chosen.length) % this.chosen.length);
  }

  async show(index) {
    this.index = index;
    const event = this.chosen[index];
    find("event-choice").selectedIndex = index;
    find("event-count").textContent = event ? `${index + 1} of ${this.chosen.length}` : "no event passes";
    const facts = find("event-facts");
    facts.caption.textContent = event?.title ?? "";
    facts.tBodies[0].replaceChildren(...(event?.facts ?? []).map(([name, value]) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      row.append(head);
      row.insertCell().textContent = typeof value === "number" && !Number.isInteger(value) ? shortNumber(value) : value ?? "–";
      return row;
    }));
    const pictures = event?.pictures ?? [];
    const values = await Promise.all(pictures.map(({ data }) => unpack(data)));
    if (event !== this.chosen[this.index]) return; // the next one was asked for meanwhile
    this.shown = pictures.map((picture, i) => ({ ...picture, values: values[i] }));
    this.draw();
  }

  draw() {
    const place = find("event-pictures");
    place.replaceChildren(...this.shown.map((picture) => this.frame(picture)));
    for (const canvas of all("canvas", place)) canvas.drawNow();
  }

  /** A picture with its channel's choice and the value under the pointer. */
  frame(picture) {
    const { values, shape } = picture;
    const figure = document.createElement("figure");
    const canvas = figure.appendChild(document.createElement("canvas"));
    const caption = figure.appendChild(document.createElement("figcaption"));
    const under = document.createElement("output");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${nameOf(picture)} of ${this.chosen[this.index].title}`);
    caption.append(nameOf(picture), " ", ...this.channels(picture), under);
    let valueAt = () => "";
    canvas.drawNow = () => {
      const logarithmic = find("event-log").checked;
      if (picture.kind === "points") {
        valueAt = drawPoints(canvas, values, shape, picture, this.colours, logarithmic);
        return;
      }
      const [count, rows, columns] = shape;
      const start = Math.min(this.channel, count - 1) * rows * columns;
      const shown = values.subarray(start, start + rows * columns);
      valueAt = drawImage(canvas, shown, [rows, columns], picture, this.colours, logarithmic);
    };
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => { under.textContent = valueAt(offsetX, offsetY); });
    canvas.addEventListener("pointerleave", () => { under.textContent = ""; });
    return figure;
  }

  channels({ kind, shape: [count] }) {
    if (kind !== "image" || count < 2) return [];
    const select = document.createElement("select");
    select.setAttribute("aria-label", "Channel");
    select.append(...Array.from({ length: count }, (_, i) => option(i, `channel ${i}`)));
    select.value = Math.min(this.channel, count - 1);
    select.addEventListener("change", () => { this.channel = Number(select.value); this.draw(); });
    return [select];
  }
}

if (find("event-data")) new Viewer(JSON.parse(find("event-data").textContent));
