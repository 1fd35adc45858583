// Suggestions in the search box: an ARIA combobox. The server says what is possible where the caret is.
(() => {
  const DELAY = 120;
  const box = document.getElementById("q");
  const popup = document.getElementById("suggestions");
  const status = document.getElementById("suggestions-status");
  if (!box || !popup) return;

  let timer;
  let asking;
  // The text that the options are for.
  let answered = null;

  const options = () => [...popup.querySelectorAll("[role=option]")];
  const active = () => popup.querySelector("[aria-selected=true]");

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");

  function stop() {
    clearTimeout(timer);
    asking?.abort();
  }

  function close() {
    stop();
    activate(null);
    popup.hidden = true;
    answered = null;
    status.textContent = "";
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-controls");
  }

  function show(html) {
    popup.innerHTML = html;
    popup.hidden = false;
    answered = box.value;
    box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-expanded", "true");
    box.setAttribute("aria-controls", "q-options");
    const count = options().length;
    status.textContent = count === 1 ? "1 suggestion" : `${count} suggestions`;
  }

  function ask(delay = 0) {
    stop();
    activate(null);
    timer = setTimeout(load, delay);
  }

  async function load() {
    const text = box.value;
    const caret = box.selectionStart;
    if (caret !== box.selectionEnd) return close();
    asking = new AbortController();
    const { signal } = asking;
    // Characters, as Python counts them: an emoji is one and not two.
    const query = new URLSearchParams({ q: text, at: [...text.slice(0, caret)].length });
    try {
      const answer = await fetch(`${popup.dataset.from}?${query}`, { signal, redirect: "error" });
      const html = answer.status === 200 ? await answer.text() : "";
      if (signal.aborted || document.activeElement !== box) return;
      if (html) show(html);
      else close();
    } catch {
      // It was broken off by the next one, or there is no server: the box works without suggestions.
      if (!signal.aborted) close();
    }
  }

  function activate(option) {
    active()?.setAttribute("aria-selected", "false");
    if (!option) return box.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  }

  // From the last option on to none, which is the text itself, and then to the first one.
  function move(step) {
    const places = [null, ...options()];
    const now = places.indexOf(active());
    activate(places[(now + step + places.length) % places.length]);
  }

  function choose(option) {
    // Options for a text that is not there any more.
    if (box.value !== answered) return ask();
    const { start, end } = option.closest("ul").dataset;
    const chars = [...box.value];
    const place = (count) => chars.slice(0, count).join("").length;
    box.setRangeText(option.dataset.write, place(start), place(end), "end");
    if ("goesOn" in option.dataset) ask();
    else close();
  }

  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => choose(active()),
    Tab: () => choose(active()),
    Escape: close,
  };

  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (popup.hidden) {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      return ask();
    }
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return ask(DELAY);
    if (!(event.key in keys) || event.shiftKey) return;
    // Without an option that is chosen these keys do what they do in any field.
    if (["Enter", "Tab"].includes(event.key) && !active()) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });

  box.addEventListener("input", () => ask(DELAY));
  box.addEventListener("click", () => ask());
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
  // The field keeps the focus.
  popup.addEventListener("mousedown", (event) => event.preventDefault());
  popup.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
})();
