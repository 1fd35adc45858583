// Copy buttons: data-copy is the text, or data-copy-from the id of the element that holds it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const text = source ? source.textContent : button.dataset.copy;
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // The clipboard is for secure origins alone; an address in the local network over http is none.
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
  if (status) status.textContent = copied ? "Copied" : "Not copied: select the text and copy it by hand";
  setTimeout(() => delete button.dataset.state, 1500);
});
