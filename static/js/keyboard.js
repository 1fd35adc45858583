// Keyboard shortcuts work while nothing is being typed. data-key names the key of a link or button: "[" or "g s".
(() => {
  let prefix = "";
  let prefixTimer;

  const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => row.getAttribute("aria-current") === "true");
    const next = now < 0 ? 0 : Math.min(Math.max(now + step, 0), all.length - 1);
    all[now]?.removeAttribute("aria-current");
    all[next].setAttribute("aria-current", "true");
    all[next].querySelector("a[href]").focus({ preventScroll: true });
    all[next].scrollIntoView({ block: "nearest" });
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
    x: () => document.querySelector("[data-row][aria-current=true] [name=pick]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "q") return event.target.blur();
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
    if (event.key === "g") {
      prefix = "g";
      prefixTimer = setTimeout(() => { prefix = ""; }, 1000);
    } else if (chord in keys) {
      event.preventDefault();
      keys[chord]();
    }
  });
})();
