// The queue page: labels change at once, decisions go out behind, the next verbatim is already here.
"use strict";
(() => {
  const desk = document.getElementById("desk");
  const words = JSON.parse(document.getElementById("words").content.textContent);
  const dimensionNames = JSON.parse(document.getElementById("dimensions").content.textContent);
  const base = `/api/queue/${desk.dataset.campaign}`;
  const outboxName = `miroir-outbox-${desk.dataset.me}-${desk.dataset.campaign}`;
  const form = document.getElementById("labels");
  const note = document.getElementById("note");
  const doubt = document.getElementById("doubt");
  const groups = [...form.querySelectorAll("[data-label]")];
  const themes = groups.filter((group) => group.dataset.label.startsWith("theme:"));
  const byId = (id) => document.getElementById(id);
  const say = (text) => { byId("announce").textContent = text; };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  let waiting = [];          // verbatims held, the first one is on show
  let current = null;
  let shownAt = 0;
  let fetching = null;
  let finished = false;
  let sending = false;
  let undoing = false;
  let held = false;          // the server asks who this is: decisions wait for a login or a fresh page
  let toLogin = false;
  const gone = new Set();    // decided here, perhaps not yet kept by the server
  // Labels only, never a text; a reload of the page does not lose what was not yet kept.
  const outbox = JSON.parse(sessionStorage.getItem(outboxName) || "[]");
  outbox.forEach((entry) => gone.add(entry.verbatim_id));

  const newKey = () => crypto.randomUUID ? crypto.randomUUID()
    : [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  async function call(path, body) {
    const response = await fetch(path, body === undefined ? {} : {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": desk.dataset.csrf },
      body: JSON.stringify(body),
    });
    if (response.status === 401 && !toLogin) { toLogin = true; location.href = "/login?ended=1"; }
    const content = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, content };
  }

  function showProgress(progress) {
    byId("bar").max = progress.wanted;
    byId("bar").value = progress.done;
    byId("count").textContent = fill(words.count, progress);
  }

  // ---- verbatims ahead -------------------------------------------------------------------------
  function fetchAhead() {
    if (!fetching) {
      fetching = call(base).then(({ ok, content }) => {
        fetching = null;
        if (!ok) { return; }
        const known = new Set(waiting.map((entry) => entry.verbatim_id));
        const fresh = content.items.filter((e) => !known.has(e.verbatim_id) && !gone.has(e.verbatim_id));
        waiting.push(...fresh);
        showProgress(content.progress);
        finished = waiting.length === 0 && outbox.length === 0;
        if (!current) { showNext(); }
      }).catch(() => { fetching = null; setTimeout(fetchAhead, 2000); });
    }
    return fetching;
  }

  function showNext() {
    current = waiting[0] || null;
    byId("finished").hidden = current !== null || !finished;
    byId("card").hidden = current === null && finished;
    form.inert = current === null;
    byId("card").setAttribute("aria-busy", String(current === null));
    if (current) { show(current); }
    if (waiting.length < 3 && !finished) { fetchAhead(); }
  }

  // ---- one verbatim ----------------------------------------------------------------------------
  function chip(text, kind = "") {
    const element = document.createElement("span");
    element.className = `chip ${kind}`;
    element.textContent = text;
    return element;
  }

  function show(entry) {
    const context = byId("context");
    context.replaceChildren(chip(words[`audience_${entry.audience}`], `audience ${entry.audience}`));
    if (entry.date) { context.append(chip(showDate(entry.date))); }
    Object.entries(entry.dimensions).forEach(([name, value]) => context.append(chip(`${dimensionNames[name] || name} : ${value}`)));
    if (entry.rating !== null) {
      const rating = entry.rating.toLocaleString(desk.dataset.language);
      context.append(chip(fill(words.rating, { rating, scale: words[`scale_${entry.rating_scale}`] })));
    }
    byId("question").hidden = !entry.question;
    byId("question").textContent = entry.question || "";
    highlight(entry);
    note.value = entry.note || "";
    doubt.checked = Boolean(entry.doubt);
    setLabels(entry.chosen || entry.tagged);
    showShares(entry);
    shownAt = performance.now();
    byId("card").scrollTop = 0;
    if (document.activeElement === document.body) { byId("card").focus({ preventScroll: true }); }
    say(`${words.verbatim} : ${entry.text}`);
  }

  function showDate(iso) {
    return desk.dataset.language === "fr" ? iso.split("-").reverse().join("/") : iso;
  }

  function highlight(entry) {
    // Spans count code points: an emoji is one, where JavaScript's own strings count two.
    const signs = Array.from(entry.text);
    const cuts = new Set([0, signs.length]);
    entry.spans.forEach((span) => { cuts.add(span.start); cuts.add(span.end); });
    const edges = [...cuts].filter((edge) => edge >= 0 && edge <= signs.length).sort((a, b) => a - b);
    const pieces = [];
    for (let i = 0; i + 1 < edges.length; i += 1) {
      const labels = entry.spans.filter((s) => s.start <= edges[i] && s.end >= edges[i + 1]).map((s) => s.label);
      const text = signs.slice(edges[i], edges[i + 1]).join("");
      if (!labels.length) { pieces.push(document.createTextNode(text)); continue; }
      const mark = document.createElement("mark");
      mark.textContent = text;
      mark.dataset.labels = [...new Set(labels)].join(" ");
      mark.title = [...new Set(labels)].map(nameOf).join(", ");
      pieces.push(mark);
    }
    byId("text").replaceChildren(...pieces);
    byId("why").hidden = entry.spans.length === 0;
    point("");
  }

  function point(label) {
    const marks = [...byId("text").querySelectorAll("mark")];
    const isTheme = (name) => name.startsWith("theme:");
    const anyTheme = marks.some((mark) => mark.dataset.labels.split(" ").some(isTheme));
    marks.forEach((mark) => {
      const labels = mark.dataset.labels.split(" ");
      const themed = !anyTheme || labels.some(isTheme);
      mark.classList.toggle("on", label !== "" && labels.includes(label));
      mark.classList.toggle("off", label !== "" && !labels.includes(label) || label === "" && !themed);
    });
  }

  const groupOf = (label) => groups.find((group) => group.dataset.label === label);
  const legendOf = (group) => [...group.querySelector("legend").childNodes]
    .filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join(" ").trim();
  const nameOf = (label) => { const group = groupOf(label); return group ? legendOf(group) : label; };

  function setLabels(labels) {
    groups.forEach((group) => {
      const name = group.dataset.label;
      const value = labels ? (name.startsWith("theme:") ? labels.themes[name.slice(6)] || "" : labels[name]) : "";
      group.querySelectorAll("input").forEach((input) => { input.checked = input.value === value; });
    });
    showChanges();
  }

  function getLabels() {
    const chosen = (group) => { const input = group.querySelector("input:checked"); return input ? input.value : ""; };
    const labels = { themes: {} };
    groups.forEach((group) => {
      const name = group.dataset.label;
      if (!name.startsWith("theme:")) { labels[name] = chosen(group); }
      else if (chosen(group)) { labels.themes[name.slice(6)] = chosen(group); }
    });
    return labels;
  }

  function probabilityOf(entry, label, value) {
    if (!label.startsWith("theme:")) { return entry.probabilities[`p_${label}_${value}`]; }
    const theme = label.slice(6);
    if (value) { return entry.probabilities[`p_theme_${theme}_${value}`]; }
    const present = Object.entries(entry.probabilities).filter(([name]) => name.startsWith(`p_theme_${theme}_`));
    return present.length ? 1 - present.reduce((sum, [, share]) => sum + share, 0) : undefined;
  }

  function showShares(entry) {
    groups.forEach((group) => group.querySelectorAll(".option").forEach((option) => {
      const share = probabilityOf(entry, group.dataset.label, option.dataset.value);
      const shown = share === undefined || share === null ? "" : `${Math.round(100 * share)} %`;
      option.querySelector(".share").textContent = share >= 0.1 ? shown : "";
    }));
  }

  function showChanges() {
    const tagged = current && current.tagged;
    const labels = getLabels();
    groups.forEach((group) => {
      const name = group.dataset.label;
      const of = (set) => name.startsWith("theme:") ? (set.themes[name.slice(6)] || "") : set[name];
      const changed = Boolean(tagged) && of(tagged) !== of(labels);
      group.classList.toggle("changed", changed);
      group.classList.toggle("present", name.startsWith("theme:") && of(labels) !== "");
      group.querySelector(".tag").textContent = changed ? words.changed : "";
    });
  }

  function choose(group, value) {
    const input = [...group.querySelectorAll("input")].find((entry) => entry.value === value);
    if (!input || !current) { return; }
    input.checked = true;
    touched(group);
  }

  function touched(group) {
    showChanges();
    point(group.dataset.label);
    openGuideAt(group.dataset.label);
    const input = group.querySelector("input:checked");
    if (input) { say(`${legendOf(group)} : ${input.closest(".option").querySelector(".face > span").textContent}`); }
  }

  function cycle(group) {
    let values = [...group.querySelectorAll("input")].map((input) => input.value);
    if (group.dataset.label.startsWith("theme:")) {
      // The likely polarity comes first: the tagger's own, else the one that goes with the sentiment.
      const sentiment = getLabels().sentiment;
      const tagged = current && current.tagged && current.tagged.themes[group.dataset.label.slice(6)];
      const first = tagged || (values.includes(sentiment) ? sentiment : values[1]);
      values = ["", first, ...values.filter((value) => value && value !== first)];
    }
    const input = group.querySelector("input:checked");
    choose(group, values[(values.indexOf(input ? input.value : values[0]) + 1) % values.length]);
  }

  // ---- decisions -------------------------------------------------------------------------------
  function keepOutbox() {
    sessionStorage.setItem(outboxName, JSON.stringify(outbox));
    byId("saving").textContent = outbox.length > 1 ? fill(words.saving, { n: outbox.length }) : "";
  }

  function accept() {
    if (!current || undoing) { return; }
    const labels = getLabels();
    if (!labels.sentiment || !labels.enchantment || !labels.incivility) { say(words.incomplete); return; }
    outbox.push({
      verbatim_id: current.verbatim_id, labels, key: newKey(), note: note.value, doubt: doubt.checked,
      seconds: Math.min(86000, Math.round((performance.now() - shownAt) / 100) / 10),
    });
    gone.add(current.verbatim_id);
    keepOutbox();
    waiting.shift();
    if (document.activeElement === note) { note.blur(); }
    showNext();
    send();
  }

  async function send() {
    if (sending) { return; }
    sending = true;
    while (outbox.length) {
      let answer;
      try {
        answer = await call(`${base}/decisions`, outbox[0]);
      } catch (error) {
        answer = { ok: false, status: 0, content: {} };
      }
      if (!answer.ok && (answer.status === 0 || answer.status >= 500)) {
        byId("saving").textContent = words.offline;
        await new Promise((resume) => setTimeout(resume, 1500));
        continue;  // the same key: kept once, however often it is sent
      }
      // The session ended, or is another one: the decision is good, and goes out from the page opened next.
      held = answer.status === 401 || answer.status === 403;
      if (held) { byId("saving").textContent = words.held; break; }
      const sent = outbox.shift();
      keepOutbox();
      if (answer.ok) { showProgress(answer.content.progress); }
      else { byId("saving").textContent = answer.content.error || words.refused; }
      gone.add(sent.verbatim_id);
    }
    sending = false;
    if (!current && !held) { fetchAhead(); }
  }

  async function undo() {
    if (undoing) { return; }
    undoing = true;
    try {
      while (outbox.length) {
        if (held) { say(words.held); return; }
        await new Promise((resume) => setTimeout(resume, 50));
      }
      const { ok, content } = await call(`${base}/undo`, { key: newKey() });
      if (!ok || !content.verbatim_ids.length) { say(words.nothing_to_undo); byId("saving").textContent = words.nothing_to_undo; return; }
      content.verbatim_ids.forEach((id) => gone.delete(id));
      showProgress(content.progress);
      const again = await call(base);
      if (!again.ok) { return; }
      const back = again.content.items.filter((entry) => content.verbatim_ids.includes(entry.verbatim_id));
      back.forEach((entry) => { entry.note = content.note; entry.doubt = content.doubt; entry.chosen = content.labels || entry.tagged; });
      const ids = new Set(back.map((entry) => entry.verbatim_id));
      waiting = [...back, ...waiting.filter((entry) => !ids.has(entry.verbatim_id))];
      finished = false;
      showNext();
      byId("saving").textContent = words.undone;
    } finally {
      undoing = false;
    }
  }

  // ---- guide, help, keys -----------------------------------------------------------------------
  let guideLabel = "sentiment";
  const guide = byId("guide");
  const help = byId("help");

  function openGuideAt(label) {
    guideLabel = label;
    guide.querySelectorAll("[data-guide]").forEach((entry) => { entry.hidden = entry.dataset.guide !== label; });
  }

  function toggleGuide(open = guide.hidden) {
    guide.hidden = !open;
    desk.classList.toggle("with-guide", open);
    byId("guide-button").setAttribute("aria-expanded", String(open));
    openGuideAt(guideLabel);
    (open ? guide : byId("card")).focus({ preventScroll: true });
  }

  const shortcuts = byId("shortcuts");
  shortcuts.checked = localStorage.getItem("miroir-shortcuts") !== "off";
  shortcuts.addEventListener("change", () => localStorage.setItem("miroir-shortcuts", shortcuts.checked ? "on" : "off"));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) { return; }
    const target = event.target;
    const typing = target.tagName === "TEXTAREA" || target.type === "text";
    if (event.key === "Escape") {
      if (typing) { target.blur(); byId("card").focus(); }
      else if (!guide.hidden) { toggleGuide(false); }
      return;
    }
    if (typing) { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); accept(); } return; }
    if (event.key === "Enter" && !["BUTTON", "A", "SUMMARY"].includes(target.tagName)) {
      event.preventDefault();
      if (!event.repeat) { accept(); }
      return;
    }
    if (!shortcuts.checked) { return; }
    // The place of the key, not its sign: on a French keyboard 1–4 without shift write & é " '.
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const letter = event.key.toLowerCase();
    const theme = themes.find((group) => group.dataset.key === letter);
    if (digit) {
      const group = groupOf("sentiment");
      const input = group.querySelectorAll("input")[Number(digit[1]) - 1];
      if (input) { choose(group, input.value); }
    } else if (letter === "e") { cycle(groupOf("enchantment"));
    } else if (letter === "i") { cycle(groupOf("incivility"));
    } else if (theme) { cycle(theme);
    } else if (letter === "u") { undo();
    } else if (letter === "n") { note.focus();
    } else if (letter === "d") { doubt.checked = !doubt.checked; say(doubt.checked ? words.doubt_on : words.doubt_off);
    } else if (letter === "g") { toggleGuide();
    } else if (event.key === "Backspace") { if (current) { setLabels(current.tagged); say(words.reset_done); }
    } else if (event.key === "?") { help.showModal();
    } else { return; }
    event.preventDefault();
  });

  form.addEventListener("change", (event) => touched(event.target.closest("[data-label]")));
  form.addEventListener("focusin", (event) => {
    const group = event.target.closest("[data-label]");
    if (group) { point(group.dataset.label); openGuideAt(group.dataset.label); }
  });
  form.addEventListener("pointerover", (event) => {
    const group = event.target.closest("[data-label]");
    if (group) { point(group.dataset.label); }
  });
  form.addEventListener("pointerleave", () => point(""));
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("accept").addEventListener("click", accept);
  byId("undo").addEventListener("click", undo);
  byId("reset").addEventListener("click", () => { if (current) { setLabels(current.tagged); } });
  byId("guide-button").addEventListener("click", () => toggleGuide());
  byId("help-button").addEventListener("click", () => help.showModal());
  document.querySelectorAll("[data-close]").forEach((button) => button.addEventListener("click", () => {
    if (button.dataset.close === "help") { help.close(); } else { toggleGuide(false); }
  }));
  window.addEventListener("beforeunload", (event) => {
    // On the way to the login page nothing is lost: the outbox stays with the tab.
    if (outbox.length && !toLogin) { event.preventDefault(); }
  });

  form.inert = true;
  openGuideAt("sentiment");
  send();
  fetchAhead();
})();
