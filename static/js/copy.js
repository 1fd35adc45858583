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
