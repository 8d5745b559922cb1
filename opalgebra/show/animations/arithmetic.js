function (id, data) {
  "use strict";
  var root = document.getElementById(id);
  if (!root || root.getAttribute("data-ready")) return;
  root.setAttribute("data-ready", "1");
  var bar = root.querySelector(".oa-bar");
  var slider = bar.querySelector("input");
  var choice = bar.querySelector("select");
  var play = bar.querySelector("[data-do=play]");
  var said = root.querySelector(".oa-said");
  var at = 0, timer = null;
  var panels = Array.prototype.map.call(root.querySelectorAll(".oa-panel"), function (box, i) {
    return {
      box: box,
      data: data.panels[i],
      squares: box.querySelector(".squares"),
      texts: box.querySelector(".texts"),
      links: box.querySelector(".links"),
      lines: box.querySelector(".formula").children
    };
  });

  function add(group, tag, values, text) {
    var element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (var name in values) element.setAttribute(name, values[name]);
    if (text) element.textContent = text;
    group.appendChild(element);
  }

  function looks(panel, step) {
    var found = panel.data.cells.map(function (c) { return { x: c[0], y: c[1], state: c[2], text: c[3] }; });
    for (var k = 0; k <= step; k++) {
      panel.data.steps[k][1].forEach(function (c) { found[c[0]].state = c[1]; found[c[0]].text = c[2]; });
    }
    panel.data.steps[step][0].forEach(function (c) { found[c[0]].state = c[1]; found[c[0]].corner = c[2]; });
    return found;
  }

  function show(panel, step) {
    var side = panel.data.side, cells = looks(panel, step);
    panel.squares.textContent = panel.texts.textContent = "";
    data.states.forEach(function (style, state) {
      var d = cells.filter(function (c) { return c.state === state; }).map(function (c) {
        return "M" + c.x + " " + c.y + "h" + side + "v" + side + "h-" + side + "z";
      }).join("");
      if (d) add(panel.squares, "path", Object.assign({ d: d, stroke: "currentColor", "stroke-linejoin": "round" }, style));
    });
    cells.forEach(function (c) {
      var size = panel.data.sizes[c.text], small = c.corner && panel.data.corners[c.corner];
      if (size) {
        add(panel.texts, "text", {
          x: c.x + panel.data.text[0], y: c.y + panel.data.text[1],
          "font-size": size, "text-anchor": "middle", fill: "currentColor"
        }, c.text);
      }
      if (small) {
        add(panel.texts, "text", {
          x: c.x + data.corner[0], y: c.y + data.corner[1],
          "font-size": small, "font-weight": "bold", fill: "currentColor"
        }, c.corner);
      }
    });
    panel.links.setAttribute("d", panel.data.steps[step][2]);
    Array.prototype.forEach.call(panel.lines, function (line, i) {
      line.textContent = panel.data.steps[step][3][i] || "";
    });
  }

  function shown() { return panels.filter(function (panel) { return !panel.box.hidden; }); }

  function count() {
    return Math.max.apply(null, shown().map(function (panel) { return panel.data.steps.length; }));
  }

  function go(step) {
    var n = count();
    at = Math.max(0, Math.min(n - 1, step));
    shown().forEach(function (panel) {
      var own = panel.data.steps.length;
      show(panel, own < n ? Math.max(0, Math.floor((at + 1) * own / n) - 1) : at);
    });
    slider.max = n - 1;
    slider.value = at;
    bar.querySelector(".oa-count").textContent = (at + 1) + " / " + n;
    bar.querySelector("[data-do=back]").disabled = bar.querySelector("[data-do=first]").disabled = at === 0;
    bar.querySelector("[data-do=on]").disabled = at === n - 1;
    if (!timer) {
      said.textContent = shown().map(function (panel) {
        return Array.prototype.map.call(panel.lines, function (line) { return line.textContent; }).join(" ");
      }).join("; ");
    }
  }

  function stop() {
    if (timer) clearInterval(timer);
    timer = null;
    play.textContent = "▶ play";
    play.setAttribute("aria-label", "play");
  }

  function start() {
    if (at === count() - 1) go(0);
    timer = setInterval(function () {
      if (!document.body.contains(root)) return stop();
      go(at + 1);
      if (at === count() - 1) stop();
    }, 900);
    play.textContent = "❚❚ pause";
    play.setAttribute("aria-label", "pause");
  }

  var actions = {
    first: function () { stop(); go(0); },
    back: function () { stop(); go(at - 1); },
    on: function () { stop(); go(at + 1); },
    last: function () { stop(); go(count() - 1); },
    play: function () { if (timer) stop(); else start(); }
  };
  var keys = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last" };

  bar.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (button && !button.disabled) actions[button.getAttribute("data-do")]();
  });
  slider.addEventListener("input", function () { stop(); go(Number(slider.value)); });
  if (choice) {
    choice.addEventListener("change", function () {
      panels.forEach(function (panel) {
        panel.box.hidden = choice.value !== "both" && choice.value !== panel.data.view;
      });
      stop();
      go(0);
    });
  }
  root.addEventListener("keydown", function (event) {
    var action = keys[event.key];
    if (!action || event.altKey || event.ctrlKey || event.metaKey || /INPUT|SELECT/.test(event.target.tagName)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[action]();
  });
  if (window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches) play.hidden = true;
  bar.hidden = false;
  go(0);
}
