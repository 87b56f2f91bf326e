// The station's script. Everything here works without it; with it scans are sent without leaving the page, heard and felt.
//
// One key buffer for the page: a scanner is a keyboard that ends with Enter, and focus never matters. Each scan gets its uuid
// before the first try and keeps it until it is answered; scans wait in a queue that survives a reload and go out in order.
"use strict";
(() => {
  const find = (query, root = document) => root.querySelector(query);
  const QUEUE = "parcelyard-scans", STATION = "/s/";
  const RED_MS = 1500, TIMEOUT_MS = 10000, BURST_MS = 60, PAUSE_MS = 500, SHORTEST_BURST = 4;

  // ---- Sound and vibration. Right is quiet and short, wrong is loud and long; they differ in pitch, rhythm and length.
  let audio = null;
  try { audio = new AudioContext({ latencyHint: "interactive" }); } catch { /* a tablet without sound still works */ }
  const wake = () => { if (audio && audio.state === "suspended") audio.resume().catch(() => {}); };
  addEventListener("keydown", wake, true);
  addEventListener("pointerdown", wake, true);

  function note(hertz, start, length, shape, loud) {
    if (!audio || audio.state !== "running") return;
    const from = audio.currentTime + start, tone = audio.createOscillator(), gain = audio.createGain();
    tone.type = shape;
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(loud, from);
    gain.gain.setTargetAtTime(0, from + length - 0.02, 0.01);
    tone.connect(gain).connect(audio.destination);
    tone.start(from);
    tone.stop(from + length + 0.05);
  }
  const sounds = {
    right() { note(1300, 0, 0.08, "sine", 0.25); feel(40); },
    finished() { [880, 1175, 1568].forEach((hertz, i) => note(hertz, i * 0.11, 0.1, "sine", 0.3)); feel([40, 60, 40]); },
    wrong() { note(220, 0, 0.28, "square", 0.6); note(165, 0.32, 0.3, "square", 0.6); feel([200, 80, 200]); },
  };
  function feel(pattern) { if (navigator.vibrate) navigator.vibrate(pattern); }

  // ---- The queue.
  let queue = [], sending = false, failures = 0, moving = null;
  try { queue = JSON.parse(sessionStorage.getItem(QUEUE) || "[]"); } catch { queue = []; }
  const keep = () => { try { sessionStorage.setItem(QUEUE, JSON.stringify(queue)); } catch { /* private mode: memory has to do */ } };

  function uuid() {
    const b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = b[6] & 15 | 64;
    b[8] = b[8] & 63 | 128;
    const hex = Array.from(b, (n) => n.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  function fieldsOf(form) {
    const fields = Object.fromEntries(new FormData(form));
    delete fields.csrf_token;
    delete fields.id;
    return fields;
  }
  function put(item) {
    queue.push(Object.assign({ id: uuid() }, item));
    keep();
    say();
    drain();
  }
  function say() {
    const state = find("#state");
    if (!state) return;
    const off = failures > 0 || navigator.onLine === false;
    const waiting = off && queue.length ? ` · ${queue.length} waiting` : "";
    state.textContent = (off ? "Offline" : "Online") + waiting;
    state.classList.toggle("is-off", off);
  }
  const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

  async function drain() {
    if (sending) return;
    sending = true;
    while (queue.length) {
      await moving;
      const item = queue[0];
      if (!item.url) {
        // Where a scan goes is decided when its turn comes: the scan before it may have led to another screen.
        const form = find("#scan[data-scan]");
        if (!form) { queue.shift(); keep(); red("Nothing to scan here", "Go back to the first screen."); continue; }
        item.url = form.action;
        item.fields = Object.assign(fieldsOf(form), { code: item.code });
        keep();
      }
      const answer = await post(item);
      if (answer === null) {
        failures += 1;
        say();
        await Promise.race([pause(Math.min(15000, 500 * 2 ** failures) * (0.75 + Math.random() / 2)), new Promise((on) => { addEventListener("online", on, { once: true }); })]);
        continue;
      }
      failures = 0;
      if (answer.leave) { location.assign(answer.leave); return; }
      queue.shift();
      keep();
      say();
      await show(answer);
    }
    sending = false;
  }

  // Returns the answer, or null when there was none and the same scan has to be sent again.
  async function post(item) {
    const token = find("input[name=csrf_token]");
    let response;
    try {
      response = await fetch(item.url, {
        method: "POST", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { "Content-Type": "application/json", "X-CSRFToken": token ? token.value : "" },
        body: JSON.stringify(Object.assign({}, item.fields, { id: item.id })),
      });
    } catch { return null; }
    let body = {};
    try { body = await response.json(); } catch { if (response.ok) return null; }
    if (response.status === 401) return { leave: document.body.dataset.gate };
    if (body.code === "csrf" && !item.renewed) { item.renewed = true; keep(); await go(location.href); return null; }
    if (response.status >= 500) {
      item.broken = (item.broken || 0) + 1;
      if (item.broken < 5) return null;
    }
    if (!body.verdict) return { verdict: "rejected", headline: "Not taken", sentence: body.detail || "Go back to the first screen.", next: location.href };
    return body;
  }

  // ---- What a worker sees.
  let redTimer = 0;
  function clearRed() {
    clearTimeout(redTimer);
    const screen = find(".wrong-screen");
    if (screen) screen.remove();
    document.body.classList.remove("is-wrong");
  }
  function red(headline, sentence) {
    clearRed();
    sounds.wrong();
    const screen = document.createElement("div"), big = document.createElement("b"), small = document.createElement("p");
    screen.className = "wrong-screen";
    screen.setAttribute("role", "alert");
    big.textContent = headline;
    small.textContent = sentence;
    screen.append(big, small);
    document.body.append(screen);
    tell(`${headline}. ${sentence}`, true);
    redTimer = setTimeout(clearRed, RED_MS);
  }
  function tell(text, bad = false) {
    const said = find("#said");
    if (!said) return;
    const line = document.createElement("p");
    line.className = bad ? "verdict is-bad" : "verdict";
    line.textContent = text;
    said.replaceChildren(...(text ? [line] : []));
  }
  async function show(answer) {
    const outcome = answer.first || answer.verdict;
    if (outcome !== "applied") {
      red(answer.headline, answer.sentence);
      if (outcome === "conflict") { await go(answer.next); tell(`${answer.headline}. ${answer.sentence}`, true); }
      return;
    }
    clearRed();
    sounds[["line", "batch", "parcel", "shipped"].includes(answer.completed) ? "finished" : "right"]();
    const same = new URL(answer.next, location.href).href === location.href;
    if (!(same && queue.length)) await go(answer.next);
    tell([answer.headline, answer.sentence].filter(Boolean).join(" · "));
    if (answer.completed === "parcel") print();
  }
  async function go(address) {
    let page, response;
    try {
      response = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      page = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch { failures += 1; say(); return; }
    const body = page.body;
    if (!body.classList.contains("station")) { location.assign(address); return; }
    const overlay = find(".wrong-screen");
    document.title = page.title;
    document.body.replaceChildren(...body.childNodes, ...(overlay ? [overlay] : []));
    if (response.url !== location.href) history.pushState(null, "", response.url);
    ready();
  }

  // Label and slip by themselves, through a hidden frame of our own address.
  async function print() {
    const papers = find("[data-print]");
    // Nobody stands at the printer of a browser that a program drives, and headless Chromium dies of print() on a PDF.
    if (!papers || navigator.webdriver) return;
    for (const address of papers.dataset.print.split(" ").filter(Boolean)) {
      const frame = document.createElement("iframe");
      frame.className = "vh";
      frame.title = "Printing";
      frame.src = address;
      const loaded = new Promise((done) => { frame.addEventListener("load", done, { once: true }); });
      document.documentElement.append(frame);
      await Promise.race([loaded, pause(5000)]);
      try { frame.contentWindow.focus(); frame.contentWindow.print(); } catch { tell("It did not print by itself. Tap Label and Slip.", true); }
      await pause(400);
      setTimeout(() => { frame.remove(); }, 60000);
    }
  }

  // ---- Keys. `run` is where the last fast stretch begins, so that a key bumped before a scan is not part of it.
  let buffer = "", run = 0, fast = true, last = -Infinity, before = null;
  function reset() { buffer = ""; run = 0; fast = true; before = null; mirror(); }
  function mirror() { const code = find("#code"); if (code) code.value = buffer; }
  function burst() { return fast && buffer.length - run >= SHORTEST_BURST ? buffer.slice(run) : ""; }

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    const at = document.activeElement, typing = Boolean(at && at.matches("input:not(#code):not([type=hidden]), select, textarea"));
    if (typing && !find("#scan") && !at.matches("[data-scan-into]")) return;
    const gap = event.timeStamp - last;
    last = event.timeStamp;
    if (event.key === "Enter") {
      // In a field for scans Enter ends the scan, however slow the scanner is; the button at the bottom keeps it.
      const whole = typing && at.matches("[data-scan-into]") ? burst() || at.value : "";
      const code = whole || (typing ? burst() : burst() && run ? burst() : buffer || (find("#code") || {}).value || "");
      if (!code.trim()) { reset(); return; }
      event.preventDefault();
      if (typing && before !== null) at.value = before;
      reset();
      take(code.trim());
    } else if (event.key === "Escape") {
      reset();
    } else if (event.key === "Backspace" && !typing) {
      event.preventDefault();
      buffer = buffer.slice(0, -1);
      mirror();
    } else if (event.key.length === 1) {
      if (!typing && event.key === " " && !buffer && at && at.matches("a, button, summary")) return;
      if (gap > PAUSE_MS) { run = typing ? 0 : buffer.length; fast = true; if (typing) { buffer = ""; before = at.value; } } else if (gap > BURST_MS && buffer.length > run) fast = false;
      if (typing && before === null) before = at.value;
      buffer += event.key;
      if (!typing) { event.preventDefault(); mirror(); }
    }
  }, true);

  function take(code) {
    const form = find("#scan"), arrived = find("#arrived"), into = find("[data-scan-into]");
    if (moving || sending || (form && form.hasAttribute("data-scan"))) put({ code });
    else if (form) { find("#code").value = code; form.submit(); }
    else if (into) fill(into, code);
    else if (arrived) { arrived.textContent = code; sounds.right(); }
    else red("Nothing to scan here", "Go back to the first screen.");
  }

  // A number that belongs into a field of a form. UPS is the one carrier whose numbers cannot be anybody else's.
  function fill(field, code) {
    field.value = code;
    const carrier = find("select[name=carrier]");
    if (carrier && /^1Z[0-9A-Z]{16}$/i.test(code)) carrier.value = "ups";
    sounds.right();
    tell(code);
  }

  // Links change the screen and not the page, so that no key of a scan is lost on the way.
  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(STATION)) return;
    event.preventDefault();
    moving = go(link.href).then(() => { moving = null; });
  });

  let pressed = -Infinity;
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-scan")) return;
    event.preventDefault();
    if (form.id === "scan") {
      const code = find("#code").value.trim();
      reset();
      if (code) take(code);
    } else if (event.timeStamp - pressed > 400) {
      // Two taps of one finger are one deed.
      pressed = event.timeStamp;
      put({ url: form.action, fields: fieldsOf(form) });
    }
  });
  addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button");
    if (!button) return;
    if (button.dataset.sound) { wake(); sounds[button.dataset.sound](); }
    if ("printPage" in button.dataset) globalThis.print();
    if (button.parentElement.id === "pad" && button.type === "button") {
      const pin = find("#pin");
      pin.value = button.value ? pin.value + button.value : "";
    }
  });

  function ready() {
    say();
    const code = find("#code"), pad = find("#pad"), printPage = find("[data-print-page]");
    if (pad) pad.hidden = false;
    if (printPage) printPage.hidden = false;
    if (!code) return;
    // No soft keyboard for scans; a finger on the field asks for one.
    code.inputMode = "none";
    code.addEventListener("pointerdown", () => { code.inputMode = "text"; });
    code.focus({ preventScroll: true });
  }
  addEventListener("online", say);
  addEventListener("offline", say);
  addEventListener("popstate", () => { location.reload(); });
  // What was scanned while this page was still loading stands in the field already.
  if (find("#scan #code")) buffer = find("#code").value;
  ready();
  drain();
})();
