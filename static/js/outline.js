// The outline of a session follows what is read. Requests that are added to the page move nothing that is seen.
(() => {
  const thread = document.querySelector(".page-session .thread");
  const outline = document.getElementById("outline-rows");
  if (!thread || !outline) return;

  // --- what is being read ---

  const rowOf = (number) => outline.querySelector(`li[data-n="${number}"] > .outline-row`);

  // A fold says which requests are in it: "2-4 7".
  function holds(fold, number) {
    return fold.dataset.numbers.split(" ").some((range) => {
      const [first, last = first] = range.split("-").map(Number);
      return number >= first && number <= last;
    });
  }

  const headOf = (fold) => fold.querySelector(":scope > .fold-head, :scope > details > .fold-head");

  // The row of a request or, where that is in a closed fold or not on the page, the head of the fold around it.
  function placeOf(number) {
    let place = rowOf(number);
    if (!place) {
      const folds = [...outline.querySelectorAll("li[data-numbers]")].filter((fold) => holds(fold, number));
      place = folds.length ? headOf(folds.at(-1)) : null;
    }
    for (let fold = place?.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) {
      if (!fold.firstElementChild.contains(place)) place = fold.firstElementChild;
    }
    return place;
  }

  let reading = 0;

  function mark(number) {
    reading = number;
    const place = number ? placeOf(number) : null;
    const marked = outline.querySelector("[data-reading]");
    if (marked === place) return;
    marked?.removeAttribute("data-reading");
    place?.setAttribute("data-reading", "");
    keepInSight(place);
  }

  function keepInSight(place) {
    const box = outline.parentElement;
    if (!place || !box.clientHeight) return;
    const top = place.getBoundingClientRect().top - box.getBoundingClientRect().top;
    if (top < 40 || top > box.clientHeight - 80) box.scrollTop += top - box.clientHeight / 2;
  }

  document.addEventListener("session:reading", (event) => {
    if (event.detail !== reading) mark(event.detail);
  });
  outline.addEventListener("toggle", () => mark(reading), true);

  // --- the place on the page ---

  // Where the reader was, for when the page is loaded again: the request may have been added to the page by a button.
  let noting;
  document.addEventListener("session:reading", (event) => {
    clearTimeout(noting);
    noting = setTimeout(() => history.replaceState({ ...history.state, reading: event.detail }, ""), 200);
  });

  // The same request is shown when lines become whole requests, and the other way round.
  document.getElementById("dense-link")?.addEventListener("click", (event) => {
    const chosen = thread.querySelector(".req[aria-current]");
    const number = chosen ? Number(chosen.id.slice(1)) : reading;
    if (!number) return;
    const address = new URL(event.currentTarget.href);
    address.searchParams.set("from", number);
    address.hash = `r${number}`;
    event.currentTarget.href = address.href;
  });

  // --- requests that are added ---

  // The first request in sight stays where it is. Browsers keep it so by themselves, but not at the top of a page.
  let held = null;

  function hold() {
    const edge = document.getElementById("session-head").getBoundingClientRect().bottom;
    const seen = [...thread.querySelectorAll(".req")].find((req) => req.getBoundingClientRect().bottom > edge);
    held = seen ? { seen, top: seen.getBoundingClientRect().top } : null;
    document.documentElement.style.overflowAnchor = "none";
  }

  function keep() {
    if (held?.seen.isConnected) scrollBy({ top: held.seen.getBoundingClientRect().top - held.top, behavior: "instant" });
  }

  const isAbove = (element) => element.matches?.('.thread > .more-btn[hx-get*="side=before"]');

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isAbove(event.target)) return;
    hold();
    requestAnimationFrame(() => {
      keep();
      requestAnimationFrame(() => {
        keep();
        held = null;
        document.documentElement.style.overflowAnchor = "";
      });
    });
  });
  document.addEventListener("htmx:afterSwap", keep);
})();
