// What every page has, in one file: a page of few files is there sooner.

// Sends the viewer's time zone to the server in a cookie: from the next page on, times are in this zone.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `logsui_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
})();

// Changes the theme without a reload. Without JavaScript, the server sets the same cookie.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  const theme = form && event.submitter && event.submitter.value;
  if (!theme) return;
  event.preventDefault();
  document.cookie = `logsui_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
  form.closest("details").open = false;
});

// What is cut and has no title gets its text as one, when a pointer comes to it.
document.addEventListener("pointerover", (event) => {
  if (event.target.closest("[title]")) return;
  for (let box = event.target, steps = 0; box && steps < 3; box = box.parentElement, steps += 1) {
    const isCut = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).textOverflow === "ellipsis";
    if (!isCut) continue;
    box.title = box.textContent.trim().slice(0, 1000);
    return;
  }
});

// Menus close on a click outside and on Escape. Buttons close notices and open dialogs.
(() => {
  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      for (const menu of openMenus()) menu.open = false;
      document.getElementById(opener.dataset.opens)?.showModal();
    }
    event.target.closest("[data-close]")?.closest(".toast, .notice")?.remove();
    // A click on the backdrop of a dialog has the dialog itself as its target.
    if (event.target.matches("dialog.dialog")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();

// Copy buttons: data-copy is the text, data-copy-from the id of the element that holds it, data-copy-url its address.
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from], [data-copy-url]");
    if (!button) return;
    if (button.dataset.copyUrl) event.preventDefault();
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    let text = source ? source.textContent : button.dataset.copy;
    let copied = true;
    try {
      if (button.dataset.copyUrl) text = await fetched(button.dataset.copyUrl);
      await navigator.clipboard.writeText(text);
    } catch {
      if (text === undefined) return location.assign(button.dataset.copyUrl);
      // Browsers offer the clipboard only over https and on localhost, not over http in a local network.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "vh";
      (button.closest("dialog") || document.body).append(area);
      area.select();
      copied = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.dataset.state = copied ? "copied" : "failed";
    const status = document.getElementById("copy-status");
    if (status) status.textContent = copied ? "Copied" : "Not copied. Select the text and copy it.";
    setTimeout(() => delete button.dataset.state, 1500);
  });

  async function fetched(url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.text();
  }
})();

// Sends the event `tick` to the body every 2 seconds while the page is visible. Elements that poll listen to it:
// hx-trigger="tick from:body". (htmx's own filters of triggers need eval, which the Content-Security-Policy forbids.)
(() => {
  let count = 0;
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    document.body.dispatchEvent(new Event("tick"));
    if (++count % 5 === 0) document.body.dispatchEvent(new Event("slow-tick"));
  }, 2000);
})();

// Keyboard shortcuts work while nothing is being typed. data-key names the key of a link or button: "[" or "g s".
(() => {
  let prefix = "";
  let prefixTimer;

  const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];

  const chosenOf = (all) => all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const isFailed = (row) => row.dataset.state === "error" || row.dataset.tools === "failed";

  function move(step) {
    const all = rows();
    const now = chosenOf(all);
    choose(all, now < 0 ? 0 : Math.min(Math.max(now + step, 0), all.length - 1));
  }

  function choose(all, next) {
    if (!all[next]) return;
    all[chosenOf(all)]?.removeAttribute("aria-current");
    all[next].setAttribute("aria-current", "true");
    all[next].querySelector("a[href]").focus({ preventScroll: true });
    all[next].scrollIntoView({ block: "nearest" });
  }

  // The first or last row; the waterfall has rows of its own.
  function toEnd(isLast) {
    const all = rows();
    if (all.length) choose(all, isLast ? all.length - 1 : 0);
    else document.dispatchEvent(new CustomEvent("rows:end", { detail: { isLast } }));
  }

  function toFailure(step) {
    const all = rows();
    for (let next = chosenOf(all) + step; all[next]; next += step) if (isFailed(all[next])) return choose(all, next);
  }

  function open() {
    rows().find((row) => row.getAttribute("aria-current") === "true")?.querySelector("a[href]").click();
  }

  function press(key) {
    const target = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key && !element.ariaDisabled);
    target?.click();
    return Boolean(target);
  }

  const keys = {
    "/": () => document.getElementById("q")?.focus(),
    "?": () => document.getElementById("keyboard-help")?.showModal(),
    j: () => move(1),
    k: () => move(-1),
    e: () => toFailure(1),
    E: () => toFailure(-1),
    G: () => toEnd(true),
    "g g": () => toEnd(false),
    x: () => document.querySelector("[data-row][aria-current=true] [name=pick]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && ["q", "find-words"].includes(event.target.id)) return event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter") {
      // Enter already follows a link and presses a button.
      if (event.target === document.body) open();
      return;
    }
    const chord = prefix ? `${prefix} ${event.key}` : event.key;
    prefix = "";
    clearTimeout(prefixTimer);
    if (press(chord)) return event.preventDefault();
    if (chord in keys) {
      event.preventDefault();
      keys[chord]();
    } else if (event.key === "g") {
      prefix = "g";
      prefixTimer = setTimeout(() => { prefix = ""; }, 1000);
    }
  });
})();
