(function () {
'use strict';
var $$ = function (sel, root) { return Array.prototype.slice.call((root || document).querySelectorAll(sel)); };
var tip = document.getElementById('tip'), live = document.getElementById('live');

// Linked highlighting: one metric at a time, in every figure, table and score list.
var pinned = '', lit = '';
function highlight(series) {
  if (series === lit) return;
  lit = series;
  $$('.canvas > svg').forEach(function (svg) {
    var found = false;
    $$('[data-series]', svg).forEach(function (g) {
      var on = series !== '' && g.getAttribute('data-series') === series;
      g.classList.toggle('on', on);
      found = found || on;
    });
    svg.classList.toggle('linked', found);
  });
  $$('tr[data-series]').forEach(function (r) { r.classList.toggle('on', series !== '' && r.getAttribute('data-series') === series); });
}
function seriesOf(el) {
  var e = el.closest ? el.closest('[data-series]') : null;
  return e ? e.getAttribute('data-series') : '';
}
document.addEventListener('pointerover', function (e) {
  if (e.pointerType !== 'touch') highlight(seriesOf(e.target) || pinned);
});
document.addEventListener('focusin', function (e) { highlight(seriesOf(e.target) || pinned); });
document.addEventListener('focusout', function () { highlight(pinned); });
function pin(series) {
  pinned = pinned === series ? '' : series;
  $$('.pin').forEach(function (b) { b.setAttribute('aria-pressed', String(b.getAttribute('data-series') === pinned)); });
  highlight(pinned);
}
$$('.pin').forEach(function (b) { b.addEventListener('click', function () { pin(b.getAttribute('data-series')); }); });
document.addEventListener('keydown', function (e) {
  if (e.key === 'Escape') { if (pinned) pin(pinned); hideTip(); }
});

// Switching series on and off in one figure, by its buttons or by the legend inside the picture.
function toggle(fig, series) {
  var b = $$('.toggle', fig).filter(function (x) { return x.getAttribute('data-series') === series; })[0];
  if (!b) return;
  var on = b.getAttribute('aria-pressed') !== 'true';
  b.setAttribute('aria-pressed', String(on));
  $$('.canvas [data-series]', fig).forEach(function (g) {
    if (g.getAttribute('data-series') === series) g.classList.toggle('off', !on);
  });
}
$$('.fig').forEach(function (fig) {
  fig.addEventListener('click', function (e) {
    var t = e.target.closest('.toggle, .canvas .key');
    if (t) toggle(fig, t.getAttribute('data-series'));
    var s = e.target.closest('.save');
    if (s) save(fig, s.getAttribute('data-name'));
  });
});
function save(fig, name) {
  var svg = fig.querySelector('.canvas > svg').cloneNode(true);
  svg.classList.remove('linked');
  $$('.cursor', svg).forEach(function (c) { c.remove(); });
  $$('.off', svg).forEach(function (c) { c.remove(); });
  var a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], {type: 'image/svg+xml'}));
  a.download = name;
  a.click();
  setTimeout(function () { URL.revokeObjectURL(a.href); }, 1000);
}

// Values on hover or tap: the nearest data point; left and right arrow keys step through them.
function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  var r = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - r.width - 4)) + 'px';
  tip.style.top = (y + 16 + r.height > innerHeight ? Math.max(4, y - r.height - 12) : y + 16) + 'px';
}
function hideTip() {
  tip.hidden = true;
  $$('svg .cursor').forEach(function (c) { c.remove(); });
}
function visible(p) { return !p.closest('.off'); }
function centre(p) { var r = p.getBoundingClientRect(); return {x: r.left + r.width / 2, y: r.top + r.height / 2, w: r.width, h: r.height}; }
function mark(svg, p) {
  $$('.cursor', svg).forEach(function (c) { c.remove(); });
  var box = p.getBBox(), c = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  c.setAttribute('class', 'cursor');
  c.setAttribute('x', box.x - 2); c.setAttribute('y', box.y - 2);
  c.setAttribute('width', box.width + 4); c.setAttribute('height', box.height + 4);
  c.setAttribute('rx', 2);
  svg.appendChild(c);
}
// What is to be known of a point: its own numbers, and what is said once for its curve.
function tipOf(p) {
  var group = p.closest('[data-note]');
  return p.getAttribute('data-tip') + (group ? '\n' + group.getAttribute('data-note') : '');
}
$$('.canvas').forEach(function (canvas) {
  var svg = canvas.querySelector('svg');
  if (!svg) return;
  var points = $$('[data-tip]', svg), at = -1;
  var near = function (e) {
    var best = null, bestD = 18;
    points.forEach(function (p) {
      if (!visible(p)) return;
      var c = centre(p);
      var dx = Math.max(0, Math.abs(e.clientX - c.x) - c.w / 2), dy = Math.max(0, Math.abs(e.clientY - c.y) - c.h / 2);
      var d = Math.hypot(dx, dy) + .01 * Math.hypot(e.clientX - c.x, e.clientY - c.y);
      if (d < bestD) { bestD = d; best = p; }
    });
    if (!best) { hideTip(); return; }
    mark(svg, best);
    showTip(tipOf(best), e.clientX, e.clientY);
    if (!e.target.closest('[data-series]')) highlight(seriesOf(best) || pinned);
  };
  canvas.addEventListener('pointermove', near);
  canvas.addEventListener('pointerdown', near);
  canvas.addEventListener('pointerleave', hideTip);
  canvas.addEventListener('keydown', function (e) {
    var step = {ArrowRight: 1, ArrowLeft: -1}[e.key];
    if (!step) return;
    var shown = points.filter(visible);
    if (!shown.length) return;
    e.preventDefault();
    at = (at + step + shown.length) % shown.length;
    var p = shown[at];
    if (p.scrollIntoView) p.scrollIntoView({block: 'nearest', inline: 'nearest'});
    mark(svg, p);
    var c = centre(p);
    showTip(tipOf(p), c.x, c.y);
    live.textContent = tipOf(p);
    highlight(seriesOf(p) || pinned);
  });
  canvas.addEventListener('blur', hideTip);
});

// Tables: sort by any column, filter by text.
$$('table.data').forEach(function (table) {
  var body = table.tBodies[0], rows = $$('tr', body), original = rows.slice();
  $$('thead th', table).forEach(function (th, col) {
    th.querySelector('button').addEventListener('click', function () {
      var numeric = th.classList.contains('n'), was = th.getAttribute('aria-sort');
      var next = was === 'none' ? (numeric ? 'descending' : 'ascending') : was === (numeric ? 'descending' : 'ascending') ? (numeric ? 'ascending' : 'descending') : 'none';
      $$('thead th', table).forEach(function (o) { o.setAttribute('aria-sort', 'none'); });
      th.setAttribute('aria-sort', next);
      var sign = next === 'descending' ? -1 : 1;
      var sorted = next === 'none' ? original : original.map(function (r, i) { return [r, i]; }).sort(function (a, b) {
        var x = a[0].cells[col], y = b[0].cells[col], d;
        if (numeric) {
          x = parseFloat(x.getAttribute('data-v')); y = parseFloat(y.getAttribute('data-v'));
          if (isNaN(x) || isNaN(y)) return (isNaN(x) ? 1 : 0) - (isNaN(y) ? 1 : 0) || a[1] - b[1];
          d = x - y;
        } else {
          d = x.textContent.localeCompare(y.textContent, 'en', {numeric: true});
        }
        return sign * d || a[1] - b[1];
      }).map(function (p) { return p[0]; });
      sorted.forEach(function (r) { body.appendChild(r); });
    });
  });
});
$$('.filter input').forEach(function (input) {
  var rows = $$('tbody tr', document.getElementById(input.getAttribute('data-table')));
  var count = input.closest('.filter').querySelector('.count');
  input.addEventListener('input', function () {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), n = 0;
    rows.forEach(function (r) {
      var text = r.textContent.toLowerCase();
      r.hidden = !words.every(function (w) { return text.indexOf(w) >= 0; });
      if (!r.hidden) n++;
    });
    count.textContent = words.length ? n + ' of ' + rows.length + ' rows' : '';
  });
});

// The gallery of stimuli.
var data = document.getElementById('g-data');
if (data) {
  var g = JSON.parse(data.textContent);
  // Figures and gallery show the same pictures; the page holds each once.
  $$('image[data-picture]').forEach(function (im) {
    im.setAttributeNS('http://www.w3.org/1999/xlink', 'xlink:href', g.pictures[im.getAttribute('data-picture')]);
    im.removeAttribute('data-picture');
  });
  var id = function (x) { return document.getElementById(x); };
  var thumbs = id('g-thumbs'), compare = id('g-compare'), slider = id('g-slider');
  var el = function (tag, text, parent) { var e = document.createElement(tag); if (text) e.textContent = text; if (parent) parent.appendChild(e); return e; };
  var setAt = function (v) { slider.value = v; compare.style.setProperty('--at', v + '%'); };
  var show = function (i) {
    var s = g.stimuli[i];
    $$('button', thumbs).forEach(function (b) { b.setAttribute('aria-pressed', String(Number(b.dataset.i) === i)); });
    id('g-viewer').hidden = false;
    id('g-title').textContent = s.title + (s.source ? ' · ' + s.source : '');
    id('g-before').src = g.pictures[s.before]; id('g-before').alt = 'Before: ' + s.source;
    id('g-after').src = g.pictures[s.after]; id('g-after').alt = 'After: ' + s.title;
    setAt(50);
    var f = id('g-facts'); f.textContent = '';
    (s.facts || []).forEach(function (x) { var d = el('div', '', f); el('dt', x.Name, d); el('dd', x.Value, d); });
    var fl = id('g-flags'); fl.textContent = ''; fl.hidden = !(s.flags || []).length;
    (s.flags || []).forEach(function (x) { el('li', x, fl); });
    var t = id('g-scores'); t.textContent = '';
    (s.scores || []).forEach(function (x) {
      var r = el('tr', '', t);
      r.setAttribute('data-series', x.label);
      el('th', x.label, r).scope = 'row';
      el('td', x.text, r).className = 'n';
      var c = el('td', '', r);
      if (x.rank >= 0) {
        var b = el('div', '', c); b.className = 'bar'; b.setAttribute('role', 'img'); b.setAttribute('aria-label', Math.round(100 * x.rank) + ' %');
        var bi = el('i', '', b); bi.style.width = 100 * x.rank + '%'; if (x.colour) { bi.style.setProperty('--c', x.colour); bi.style.setProperty('--d', x.dark); }
      } else { c.textContent = '–'; }
    });
    highlight(pinned);
  };
  g.stimuli.forEach(function (s, i) {
    var b = el('button', '', thumbs);
    b.type = 'button'; b.dataset.i = i; b.setAttribute('aria-pressed', 'false');
    var im = el('img', '', b); im.src = g.pictures[s.after]; im.alt = '';
    el('span', s.title + (s.source ? ', ' + s.source : ''), b);
    b.addEventListener('click', function () { show(i); });
  });
  slider.addEventListener('input', function () { setAt(slider.value); });
  var drag = function (e) {
    var r = compare.getBoundingClientRect();
    setAt(Math.round(100 * Math.max(0, Math.min(1, (r.right - e.clientX) / r.width))));
  };
  compare.addEventListener('pointerdown', function (e) { e.preventDefault(); compare.setPointerCapture(e.pointerId); drag(e); });
  compare.addEventListener('pointermove', function (e) { if (e.buttons) drag(e); });
  var filter = function () {
    var p = id('g-perturb').value, w = id('g-search').value.toLowerCase(), n = 0;
    $$('button', thumbs).forEach(function (b) {
      var s = g.stimuli[Number(b.dataset.i)];
      b.hidden = (p !== '' && s.perturb !== p) || b.textContent.toLowerCase().indexOf(w) < 0;
      if (!b.hidden) n++;
    });
    id('g-count').textContent = n + ' of ' + g.stimuli.length;
  };
  id('g-perturb').addEventListener('change', filter);
  id('g-search').addEventListener('input', filter);
  filter();
  if (g.stimuli.length) show(0);
}

// Everything that is folded is printed.
addEventListener('beforeprint', function () { $$('details').forEach(function (d) { d.open = true; }); });
document.documentElement.setAttribute('data-ready', '');
})();
