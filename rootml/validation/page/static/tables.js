/** What a cell sorts by: its full number where it has one, else its text. */
function sortKey(cell) {
  const value = cell.dataset.value ?? cell.dataset.low;
  if (value === undefined) return null;
  return cell.classList.contains("number") ? Number(value) : value;
}

function compareKeys(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/** Rows by one column; those without a value stay last. */
function sortBy(head) {
  const table = head.closest("table");
  const descending = head.getAttribute("aria-sort") === "ascending";
  const rows = all("tbody tr", table).map((row) => [sortKey(row.cells[head.cellIndex]), row]);
  rows.sort(([a], [b]) => (a === null || b === null || !descending ? compareKeys(a, b) : compareKeys(b, a)));
  table.tBodies[0].append(...rows.map(([, row]) => row));
  all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** All digits; a column of estimates becomes three: value, low and high. */
function toCsv(table) {
  const rows = all("tbody tr", table).map((row) => [...row.cells]);
  const isEstimate = [...table.tHead.rows[0].cells].map((_, i) => rows.some((row) => row[i].dataset.low ?? row[i].dataset.high));
  const spread = (parts) => parts.flatMap((part, i) => (isEstimate[i] ? part : part.slice(0, 1)));
  const head = spread([...table.tHead.rows[0].cells].map(({ textContent: name }) => {
    const title = name.trim();
    return [title, `${title} low`.trim(), `${title} high`.trim()];
  }));
  const lines = rows.map((row) => spread(row.map(({ dataset: { value, low, high } }) => [value ?? "", low ?? "", high ?? ""])));
  return [head, ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
}

const TEX = {
  "\\": "\\textbackslash{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_", "{": "\\{", "}": "\\}",
  "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$", "−": "$-$", "∞": "$\\infty$",
  ">": "$>$", "<": "$<$", "χ": "$\\chi$", "²": "$^2$", "–": "--", "\u202f": "\\,",
};

function toTex(text) {
  const [, value, low, high] = text.match(/^(\S+) −(\S+) \+(\S+)/) ?? [];
  const rest = value ? text.replace(/^(\S+) −(\S+) \+(\S+)/, "") : text;
  const number = value ? `$${value}^{+${high}}_{-${low}}$`.replaceAll("−", "-").replaceAll("∞", "\\infty") : "";
  return number + rest.replace(/[\\&%$#_{}~^±−∞><χ²–\u202f]/g, (sign) => TEX[sign]);
}

/** As shown, with rules of booktabs. */
function toLatex(table) {
  const lines = [table.tHead.rows[0], ...all("tbody tr", table)].map(
    (row) => `${[...row.cells].map((cell) => toTex(textOf(cell))).join(" & ")} \\\\`,
  );
  const columns = [...(table.tBodies[0].rows[0] ?? table.tHead.rows[0]).cells];
  const places = columns.map((cell) => (cell.classList.contains("number") ? "r" : "l")).join("");
  const [head, ...body] = lines;
  return [`\\begin{tabular}{${places}}`, "\\toprule", head, "\\midrule", ...body, "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

const textOf = (cell) => [...cell.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
  .map((node) => node.textContent).join("").trim() || cell.textContent.trim();

/** Browsers that do not let a local file use the clipboard still copy what is selected. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function copyButton(name, table, convert) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  button.setAttribute("aria-label", `Copy the table as ${name}`);
  button.addEventListener("click", async () => {
    await copy(convert(table));
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = name; }, 1500);
  });
  return button;
}

for (const table of all("details.table table")) {
  for (const head of all("th", table)) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(head));
    head.append(button);
  }
  const tools = document.createElement("p");
  tools.className = "tools";
  tools.append("Copy as ", copyButton("CSV", table, toCsv), copyButton("LaTeX", table, toLatex));
  table.closest("details").append(tools);
}
