// Cards of the glossary: marks the first place where a passage names a term, and shows what the term means to pointer, finger and keyboard.
(() => {
  const SHOWN = "#lesson-body, #chatbot .quote > p, #chatbot .written";
  const SKIPPED = "a, button, code, pre, kbd, abbr, h1, h2, h3, h4, h5, h6, .katex, math, .pending, .stage";
  const MATHS = /\$\$[^$]+\$\$|\$[^$\n]+\$/g;
  const find = (selector) => document.querySelector(selector);
  const terms = new Map(); // slug -> term
  const named = new Map(); // a form as it is written -> [term, whether it is an everyday word]
  let pattern = null;
  let card = null;
  let shown = null; // the term whose card is open
  let closing = 0;

  const learn = () => {
    for (const term of JSON.parse(find("#glossary-cards")?.textContent || "[]")) {
      terms.set(term.slug, term);
      for (const form of term.forms) named.set(form, [term, false]);
      for (const form of term.everyday) named.set(form, [term, true]);
    }
    if (!named.size) return false;
    // What has no capitals may begin a sentence. The longest form first: "latent diffusion" is not a latent "diffusion".
    const forms = [...named.keys()].sort((one, other) => other.length - one.length).map((form) => {
      const exact = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return form === form.toLowerCase() && /^\p{L}/u.test(form) ? `[${form[0]}${form[0].toUpperCase()}]${exact.slice(form[0].length)}` : exact;
    });
    pattern = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${forms.join("|")})(?![\\p{L}\\p{N}_]|-[\\p{L}\\p{N}])`, "gu");
    return true;
  };

  const meant = (text) => named.get(text) ?? named.get(text[0].toLowerCase() + text.slice(1));

  // Marking ------------------------------------------------------------------------------------------------------------

  // A lesson begins anew under each heading; an answer is one passage.
  const lessonsOf = (root) => {
    if (root.id === "lesson-body") return [root.querySelector("span[id^='at-']")?.id.slice(3).split("/")[0]];
    const links = root.closest(".turn")?.querySelectorAll(".kept a.lesson-link") ?? [];
    return [...links].map((link) => link.getAttribute("href").split("/")[1]);
  };

  const mark = (root) => {
    const lessons = lessonsOf(root);
    if (lessons[0] === "glossary" && root.id === "lesson-body") return;
    const found = [];
    let met = new Set();
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => {
        if (node.nodeType === Node.TEXT_NODE) return NodeFilter.FILTER_ACCEPT;
        if (/^H[1-6]$/.test(node.tagName)) met = new Set();
        return node.matches(SKIPPED) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
      },
    });
    while (walker.nextNode()) {
      const text = walker.currentNode.data;
      const maths = [...text.matchAll(MATHS)].map((match) => [match.index, match.index + match[0].length]); // not drawn yet
      for (const match of text.matchAll(pattern)) {
        if (maths.some(([from, to]) => from <= match.index && match.index < to)) continue;
        const [term, everyday] = meant(match[0]);
        if (met.has(term.slug) || (everyday && !lessons.includes(term.lesson))) continue;
        met.add(term.slug);
        found.push([walker.currentNode, match.index, match[0].length, term.slug]);
      }
    }
    // From the end, so that the places before stay where they are.
    for (const [text, start, length, slug] of found.reverse()) {
      const word = text.splitText(start);
      word.splitText(length);
      const abbr = document.createElement("abbr");
      abbr.className = "term";
      abbr.tabIndex = 0;
      abbr.dataset.term = slug;
      word.replaceWith(abbr);
      abbr.append(word);
    }
  };

  // The page draws anew what changed, without the marks: what is without them has not been seen.
  const seen = new WeakMap();
  const markAll = () => {
    for (const root of document.querySelectorAll(SHOWN)) {
      const first = root.id === "lesson-body" ? root.querySelector("span[id^='at-']") : root.firstChild;
      if (!first || (seen.get(root) === first && root.querySelector("abbr.term"))) continue;
      seen.set(root, first);
      mark(root);
    }
    if (shown && !shown.isConnected) hide();
  };

  // The card -----------------------------------------------------------------------------------------------------------

  const hide = () => {
    clearTimeout(closing);
    if (!card || card.hidden) return false;
    card.hidden = true;
    shown?.removeAttribute("aria-describedby");
    shown = null;
    return true;
  };

  const show = (abbr) => {
    clearTimeout(closing);
    if (shown === abbr) return;
    hide();
    const term = terms.get(abbr.dataset.term);
    if (!term) return;
    if (!card) {
      card = document.createElement("div");
      card.id = "term-card";
      card.setAttribute("role", "tooltip");
      find("#page").append(card);
    }
    const name = document.createElement("strong");
    name.textContent = term.name;
    const link = document.createElement("a");
    link.href = `#course/${term.lesson}`;
    link.textContent = "Open the lesson";
    link.tabIndex = -1; // the keyboard passes by: the glossary has the same link
    card.replaceChildren(name, document.createElement("br"), `${term.text} `, link);
    card.hidden = false;
    abbr.setAttribute("aria-describedby", "term-card");
    shown = abbr;
    settle();
  };

  // Beside the term, inside the window; the focus may have scrolled the term to where it is.
  const settle = () => {
    if (!shown) return;
    const place = shown.getClientRects()[0] ?? shown.getBoundingClientRect();
    if (place.bottom < 0 || place.top > innerHeight) return hide();
    const below = place.bottom + 8 + card.offsetHeight <= innerHeight;
    card.style.top = `${Math.max(8, below ? place.bottom + 6 : place.top - card.offsetHeight - 6)}px`;
    card.style.left = `${Math.max(8, Math.min(place.left, innerWidth - card.offsetWidth - 8))}px`;
  };

  const later = () => {
    clearTimeout(closing);
    closing = setTimeout(hide, 250); // time for the pointer to reach the card
  };

  const termAt = (event) => event.target.closest?.("abbr.term");
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    if (termAt(event)) show(termAt(event));
    else if (event.target.closest?.("#term-card")) clearTimeout(closing);
    else if (shown && shown !== document.activeElement) later();
  });
  document.addEventListener("focusin", (event) => (termAt(event) ? show(termAt(event)) : event.target.closest?.("#term-card") || hide()));
  document.addEventListener("pointerup", (event) => {
    if (event.pointerType !== "touch" || event.target.closest?.("#term-card")) return;
    if (termAt(event)) show(termAt(event));
    else hide();
  });
  window.addEventListener("hashchange", hide);
  document.addEventListener("click", (event) => event.target.closest?.("#term-card a") && hide());
  document.addEventListener("scroll", settle, { capture: true, passive: true });
  // Before the page's own Escape: the first one closes the card, unless it has an answer to stop.
  document.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && hide() && !find("#stop")?.offsetParent && event.stopImmediatePropagation(),
    true,
  );

  const begin = () => {
    if (!find("#chatbot") || !find("#lesson-body") || !find("#contents nav")) return setTimeout(begin, 60);
    if (!learn()) return;
    const watch = new MutationObserver(markAll);
    for (const place of ["#chatbot", "#lesson-body"]) watch.observe(find(place), { subtree: true, childList: true });
    markAll();
  };
  begin();
})();
