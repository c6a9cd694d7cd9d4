// What the page does without the server: source chips, the sheet on phones, keys, the counter, copy, export.
(() => {
  const find = (selector) => document.querySelector(selector);
  let opener = null;

  const closePanel = () => {
    find("#panel-column")?.classList.remove("open");
    document.querySelectorAll(".chip.open").forEach((chip) => chip.classList.remove("open"));
    opener?.focus();
    opener = null;
  };

  const openSource = (chip) => {
    const number = [...chip.classList].find((name) => name.startsWith("to-"))?.slice(3);
    const kept = chip.closest(".turn")?.querySelector(".kept");
    const panel = find("#panel-body");
    if (!kept || !panel) return;
    panel.innerHTML = kept.innerHTML; // written and escaped by the server, then cleaned by the chat
    document.querySelectorAll(".chip.open").forEach((other) => other.classList.remove("open"));
    chip.classList.add("open");
    opener = chip;
    find("#panel-column")?.classList.add("open");
    const card = panel.querySelector(`.source-${number}`) ?? panel.querySelector(".source");
    card?.classList.add("here");
    if (card) {
      card.tabIndex = -1;
      card.focus({ preventScroll: true });
      card.scrollIntoView({ block: "nearest" });
    }
  };

  const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");

  const scrollToSection = (section, attempts) => {
    const heading = [...document.querySelectorAll("#lesson-body h2")].find((h2) => slug(h2.textContent) === section);
    if (heading && heading.offsetParent !== null) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "start" });
    } else if (attempts > 0) setTimeout(() => scrollToSection(section, attempts - 1), 100);
  };

  const typeInto = (selector, value) => {
    const field = find(`${selector} textarea, ${selector} input`);
    if (!field) return;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const count = () => {
    const area = find("#composer textarea");
    const counter = find("#counter");
    if (!area || !counter) return;
    const length = area.value.length;
    counter.textContent = length > 200 ? `${length.toLocaleString("en")} of 4,000 characters` : "";
    counter.classList.toggle("over", length > 4000);
  };

  document.addEventListener("click", (event) => {
    const chip = event.target.closest("button.chip");
    if (chip) return openSource(chip);
    if (event.target.closest("#close-panel")) return closePanel();
    const copy = event.target.closest("button.copy");
    if (copy) {
      const written = copy.closest(".turn").querySelector(".written") ?? copy.closest(".turn").querySelector(".quote p");
      const clone = written.cloneNode(true);
      clone.querySelectorAll(".chip, .pending, .katex-html, annotation").forEach((node) => node.remove());
      navigator.clipboard?.writeText(clone.textContent.replace(/\s+/g, " ").trim());
      copy.textContent = "Copied";
      return;
    }
    const link = event.target.closest("a.lesson-link");
    if (link) {
      event.preventDefault();
      opener = null;
      closePanel();
      const target = link.getAttribute("href").replace("#lesson/", "");
      typeInto("#wanted-lesson", `${target} ${Date.now()}`); // the time makes a second visit a change too
      scrollToSection(target.split("#")[1] ?? "", 40);
    }
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, [contenteditable]");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      return window.tutorFocus();
    }
    if (event.key !== "Escape") return;
    const stop = find("#stop");
    if (stop && stop.offsetParent !== null) stop.click();
    else closePanel();
  });
  document.addEventListener("input", count);
  window.addEventListener("load", () => setInterval(count, 1000));

  window.tutorExport = (store) => {
    const file = new Blob([JSON.stringify(store, null, 1)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "tutor-conversation.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  window.tutorFocus = () => setTimeout(() => find("#composer textarea")?.focus({ preventScroll: true }), 50);
})();
