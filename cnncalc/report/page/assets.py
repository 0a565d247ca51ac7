"""The style sheet and the script of the page. Everything can be read without the script, which folds and sorts the table."""

STYLE = """
:root{--paper:#fff;--ink:#1f2328;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--bar:#4f9fdc;--bad:#b3202a;--warn:#7d4e00;--good:#116329;
--link:#0757ba;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#161b22;
--bar:#3c7fbd;--bad:#ff8e86;--warn:#e0b050;--good:#56d364;--link:#6cb6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 Helvetica,Arial,'DejaVu Sans',sans-serif}
main{max-width:1180px;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.3rem 0;overflow-wrap:anywhere}
.about{color:var(--soft)}
.totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(15.5rem,100%),1fr));gap:.6rem;margin:1rem 0;padding:0}
.totals div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.5rem .9rem}
.totals dt{color:var(--soft);font-size:.85rem}
.totals dd{margin:0;overflow-wrap:anywhere;font-size:1.15rem;font-weight:600;font-variant-numeric:tabular-nums}
.totals small{display:block;color:var(--soft);font-size:.78rem;font-weight:400}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
.scroll svg{display:block}
.tall{max-height:80vh;overflow-y:auto}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.88rem}
caption{text-align:left;padding:.4rem .7rem;color:var(--soft)}
th,td{padding:.22rem .7rem;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
thead th,thead td{position:sticky;top:0;background:var(--card);z-index:1}
tbody th{font-weight:400}
tr.group th,tr.group td{font-weight:600}
.num{text-align:right;font-variant-numeric:tabular-nums;min-width:7rem}
.layers td.num{padding-bottom:.5rem;background-image:linear-gradient(var(--bar),var(--bar));background-repeat:no-repeat;
background-origin:content-box;background-position:right 0 bottom -5px;background-size:var(--part,0%) 4px}
.what{max-width:24rem;overflow:hidden;text-overflow:ellipsis}
.wrap{white-space:normal;overflow-wrap:anywhere;min-width:12rem}
th[scope=row]{max-width:22rem;overflow:hidden;text-overflow:ellipsis}
.bad{color:var(--bad)}
.warn{color:var(--warn)}
.sign{font-weight:600;text-align:center}
thead button,tr.group button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
tr.group button{width:1.2em;text-align:center;color:var(--link)}
tr.hidden{display:none}
.tools{margin:.5rem 0;display:flex;gap:.5rem}
.tools button{font:inherit;font-size:.85rem;color:var(--ink);background:var(--card);border:1px solid var(--line);
border-radius:6px;padding:.2rem .7rem;cursor:pointer}
.problems{list-style:none;padding:0;margin:0}
.good{color:var(--good)}
.where{display:block;color:var(--soft);font-size:.85rem}
.problems li{border-left:3px solid var(--line);padding:.1rem 0 .1rem .8rem;margin:.7rem 0;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.5rem .8rem;margin:.3rem 0;overflow-x:auto;
font:.85rem/1.45 ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}
footer{margin-top:3rem;color:var(--soft);font-size:.82rem}
@media (min-width:900px){.scroll svg{max-width:100%;height:auto;margin:0 auto}}
@media (max-width:600px){th,td{padding:.22rem .5rem}.num{min-width:5rem}
tbody th[scope=row]{position:sticky;left:0;background:var(--paper);max-width:9rem}}
@media print{main{max-width:none;padding:0}.tools{display:none}.scroll,.tall{overflow:visible;max-height:none;border:0}
.scroll svg{max-width:100%;max-height:90vh;height:auto}h2{break-after:avoid}.totals,.scroll svg,.problems li{break-inside:avoid}
table{font-size:.62rem}th,td{padding:.12rem .3rem;white-space:normal;overflow-wrap:anywhere}.num{min-width:0;overflow-wrap:normal}
thead th,thead td{position:static}pre{white-space:pre-wrap}}
"""

SCRIPT = """
'use strict';
for (const table of document.querySelectorAll('table.layers')) {
  const body = table.tBodies[0], rows = [...body.rows];
  const depth = (row) => Number(row.dataset.depth);
  const closed = new Set();
  let sorted = null;
  const show = () => {
    let hidden = Infinity;
    for (const row of rows) {
      const below = depth(row) > hidden;
      if (!below) hidden = closed.has(row) ? depth(row) : Infinity;
      row.classList.toggle('hidden', sorted ? row.classList.contains('group') : below);
      const button = row.querySelector('button');
      if (button) {
        button.textContent = closed.has(row) ? '\\u25b8' : '\\u25be';
        button.setAttribute('aria-expanded', String(!closed.has(row)));
      }
    }
  };
  rows.forEach((row, place) => {
    row.dataset.place = place;
    if (!row.classList.contains('group') || !rows[place + 1] || depth(rows[place + 1]) <= depth(row)) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-label', 'layers of ' + row.cells[0].textContent);
    button.addEventListener('click', () => {
      if (!closed.delete(row)) closed.add(row);
      show();
    });
    row.cells[0].prepend(button, ' ');
  });
  const all = (fold) => {
    closed.clear();
    if (fold) for (const row of rows) if (row.querySelector('button')) closed.add(row);
    show();
  };
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  };
  const order = (column, heads) => {
    const way = sorted && sorted.column === column ? (sorted.way === -1 ? 1 : 0) : -1;
    sorted = way ? {column, way} : null;
    const compare = (a, b) => {
      const x = key(a, column), y = key(b, column);
      return (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))) * way;
    };
    const found = sorted ? [...rows].sort(compare) : rows;
    body.append(...found);
    heads.forEach((head, i) => {
      if (sorted && i === column) head.setAttribute('aria-sort', way < 0 ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    show();
  };
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent + ' \\u21c5';
    button.setAttribute('aria-label', 'sort by ' + head.textContent);
    button.addEventListener('click', () => order(column, heads));
    head.replaceChildren(button);
  });
  if (rows.some((row) => row.querySelector('button'))) {
    const tools = document.createElement('div');
    tools.className = 'tools';
    for (const [text, fold] of [['Fold all', true], ['Unfold all', false]]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = text;
      button.addEventListener('click', () => all(fold));
      tools.append(button);
    }
    table.parentElement.before(tools);
    all(rows.length > 80);
  }
}
"""
