// Selecting rows of a list: all of the page, and from the last one to another with shift. "x" is in page.js.
(() => {
  let last = null;
  const picks = () => [...document.querySelectorAll("[name=pick]")];

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (box.id === "pick-page") {
      for (const pick of picks()) pick.checked = box.checked;
      return;
    }
    if (box.name !== "pick") return;
    const all = picks();
    const from = all.indexOf(last);
    const to = all.indexOf(box);
    if (event.shiftKey && from >= 0) {
      for (const pick of all.slice(Math.min(from, to), Math.max(from, to) + 1)) pick.checked = box.checked;
    }
    last = box;
  });
})();
