// The pictures of this conversation, in the panel at the side: a thumbnail of each with its prompt, to download or to draw again.
(() => {
  const find = (selector) => document.querySelector(selector);
  const made = () => [...document.querySelectorAll("#chatbot .turn")].filter((turn) => !turn.querySelector(".stage")).flatMap((turn) => [...turn.querySelectorAll(".made")]);
  const inPanel = () => Boolean(find("#panel-body .gallery")) && !find("#panel").hidden;
  let listed = "";

  // Built of nodes, never of HTML: prompts are what somebody typed.
  const node = (tag, classes, text) => {
    const made = document.createElement(tag);
    if (classes) made.className = classes;
    if (text) made.textContent = text;
    return made;
  };

  const button = (classes, text, about) => {
    const made = node("button", classes, text);
    made.type = "button";
    made.append(node("span", "unseen", `: ${about}`));
    return made;
  };

  const item = (figure) => {
    const picture = figure.querySelector("img");
    const seed = figure.querySelector("figcaption")?.firstChild?.textContent.match(/\d+/)?.[0] ?? "";
    const again = figure.querySelector(".again")?.textContent ?? "";
    const about = `${picture.alt}, seed ${seed}`;
    const shown = node("li", "made");
    const image = node("img");
    image.src = picture.src;
    image.alt = picture.alt;
    const words = node("div", "words");
    const hands = node("div", "hands");
    hands.append(button("copy save", "Download", about));
    if (again) {
      const redraw = button("redraw", "Draw again", about);
      redraw.value = again;
      hands.append(redraw);
    }
    words.append(node("p", "", picture.alt), node("p", "where", `Seed ${seed}`), hands);
    shown.append(image, words);
    return shown;
  };

  const fill = (figures) => {
    const list = node("ul", "gallery");
    list.append(...figures.reverse().map(item));
    find("#panel-body").replaceChildren(list);
  };

  const look = () => {
    const opener = find("#pictures");
    if (!opener) return;
    const figures = made();
    const now = figures.map((figure) => figure.querySelector("img").src.slice(-60)).join(" ");
    if (now === listed) return;
    listed = now;
    opener.hidden = figures.length === 0;
    if (inPanel()) figures.length ? fill(figures) : find("#close-panel").click();
  };

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("#pictures");
    if (opener) {
      if (inPanel()) return find("#close-panel").click();
      fill(made());
      window.tutorPanel("Pictures", opener, find("#panel-title"));
    }
    const redraw = event.target.closest("button.redraw");
    if (!redraw) return;
    location.hash = "#chat";
    const field = find("#composer textarea");
    field.value = redraw.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    // After the box has told the server's side of the page what is in it.
    setTimeout(() => find("#send")?.offsetParent && find("#send").click(), 150);
  });

  const begin = () => {
    if (!find("#chatbot") || !find("#pictures")) return setTimeout(begin, 100);
    new MutationObserver(look).observe(find("#chatbot"), { subtree: true, childList: true });
    look();
  };
  begin();
})();
