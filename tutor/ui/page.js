// What the page does without the server: its three places, the panel and the menu, keys, the counter, copy, export and import.
(() => {
  const LONGEST = 4000; // characters of a message
  const LARGEST = 2000000; // characters of a file
  const find = (selector) => document.querySelector(selector);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  // Which place is shown, and whether panel and menu are open, stands in classes of this element: gradio confines the style sheet
  // to what is inside its own container.
  const page = () => find("#page") ?? document.body;
  let opener = null;

  // The composer -------------------------------------------------------------------------------------------------------

  const focusComposer = () => find("#composer textarea")?.focus({ preventScroll: true });
  // After an answer: only if the focus is nowhere, and not where it would raise a keyboard over the answer.
  window.tutorFocus = () =>
    setTimeout(() => {
      if (document.activeElement === document.body && matchMedia("(pointer: fine)").matches) focusComposer();
    }, 60);

  const count = () => {
    const area = find("#composer textarea");
    const counter = find("#counter p");
    if (!area || !counter) return;
    const length = area.value.length;
    const over = length - LONGEST;
    const said = `${length.toLocaleString("en")} of ${LONGEST.toLocaleString("en")} characters`;
    const text = over > 0 ? `${said}: ${over.toLocaleString("en")} too many` : said;
    if (counter.textContent !== text) counter.textContent = text;
    counter.classList.toggle("over", over > 0);
  };

  const typeInto = (selector, value) => {
    const field = find(`${selector} textarea, ${selector} input`);
    if (!field) return;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // The panel of sources -----------------------------------------------------------------------------------------------

  const closePanel = () => {
    const panel = find("#panel");
    if (!panel || panel.hidden) return false;
    panel.hidden = true;
    page().classList.remove("with-panel");
    document.querySelectorAll(".chip.open").forEach((chip) => chip.classList.remove("open"));
    if (opener?.isConnected) opener.focus();
    else focusComposer();
    opener = null;
    return true;
  };

  // What is in the panel is there already; `from` gets the focus back.
  const openPanel = (title, from) => {
    find("#panel-title").textContent = title;
    opener = from;
    find("#panel").hidden = false;
    page().classList.add("with-panel");
  };
  window.tutorPanel = (title, from, first) => {
    openPanel(title, from);
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
  };

  const openSource = (chip) => {
    const number = [...chip.classList].find((name) => name.startsWith("to-"))?.slice(3);
    const kept = chip.closest(".turn")?.querySelector(".kept");
    const panel = find("#panel");
    if (!kept || !panel) return;
    find("#panel-body").innerHTML = kept.innerHTML; // written and escaped by the server, then cleaned by the chat
    document.querySelectorAll(".chip.open").forEach((other) => other.classList.remove("open"));
    chip.classList.add("open");
    openPanel("Sources", chip);
    const card = panel.querySelector(`.source-${number}`) ?? panel.querySelector(".source");
    if (!card) return;
    card.classList.add("here");
    card.tabIndex = -1;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  };

  // The menu -----------------------------------------------------------------------------------------------------------

  const showMenu = (open) => {
    const was = page().classList.contains("with-menu");
    page().classList.toggle("with-menu", open);
    if (open) window.tutorEarlier();
    find("#menu-button")?.setAttribute("aria-expanded", String(open));
    return was;
  };

  // The places: #chat, #lab, #lab/demo, #course, #course/lesson, #course/lesson/section -----------------------------------------------------

  const goTo = () => {
    const [place, lesson, section] = location.hash.slice(1).split("/").map(decodeURIComponent);
    const course = place === "course";
    const lab = place === "lab";
    page().classList.toggle("in-course", course);
    page().classList.toggle("in-lesson", course && Boolean(lesson));
    page().classList.toggle("in-lab", lab);
    page().classList.toggle("in-demo", lab && Boolean(lesson));
    const hrefs = [course ? "#course" : lab ? "#lab" : "#chat", `#${place}/${lesson}`];
    document.querySelectorAll("#masthead nav a, #contents a, #lab-list a").forEach((link) => {
      if (hrefs.includes(link.getAttribute("href"))) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    if (!course && !lab) return;
    if (!find("#panel")?.hidden) {
      opener = null;
      closePanel();
    }
    if (!lesson) return;
    const demos = [...document.querySelectorAll("#lab-list a")].map((link) => link.getAttribute("href"));
    if (lab && demos.length && !demos.includes(hrefs[1])) return location.replace("#lab");
    if (lab) return openDemo(lesson, 100);
    typeInto("#wanted-lesson", `${lesson}/${Date.now()}`); // the time makes a second visit a change too
    const wanted = section ? [lesson, section] : [lesson];
    arrive(`at-${wanted.join("/")}`, 60);
  };

  // Run waits until the controls are those of the demo.
  const openDemo = (name, tries) => {
    const there = find("#lab-at")?.textContent === name;
    if (tries === 100 && !there) typeInto("#wanted-demo", `${name}/${Date.now()}`);
    page().classList.toggle("lab-waits", !there && tries > 0);
    if (!there && tries > 0) setTimeout(() => location.hash === `#lab/${name}` && openDemo(name, tries - 1), 100);
  };

  const arrive = (id, tries) => {
    const mark = document.getElementById(id);
    if (mark) {
      const heading = mark.closest("p")?.nextElementSibling ?? mark.parentElement;
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
    } else if (tries > 0) setTimeout(() => arrive(id, tries - 1), 100);
  };

  // Copy, export, import -----------------------------------------------------------------------------------------------

  const copied = (button) => {
    const script = button.closest(".code")?.querySelector("pre");
    if (script) return script.textContent;
    const turn = button.closest(".turn");
    const clone = (turn.querySelector(".written") ?? turn.querySelector(".quote p")).cloneNode(true);
    clone.querySelectorAll(".chip, .pending, .katex-html, annotation").forEach((node) => node.remove());
    return clone.textContent.replace(/\s+/g, " ").trim();
  };

  const copyAnswer = async (button) => {
    const [text, label] = [copied(button), button.textContent];
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "The browser did not allow it: select the text instead";
    }
    setTimeout(() => (button.textContent = label), 4000);
  };

  // The file as it came: its metadata repeats the picture.
  const savePicture = (button) => {
    const picture = button.closest(".made").querySelector("img");
    const link = document.createElement("a");
    link.href = picture.src;
    link.download = `${picture.alt.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60) || "picture"}.${picture.src.slice(11, picture.src.indexOf(";"))}`;
    link.click();
  };

  window.tutorExport = (store) => {
    const text = JSON.stringify({ turns: store?.turns ?? [] }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "tutor-conversation.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // What the Import button sends: the text of the chosen file, null when none was chosen.
  window.tutorPick = (_, store) =>
    new Promise((resolve) => {
      const input = document.createElement("input");
      input.type = "file";
      input.accept = ".json,application/json";
      input.addEventListener("cancel", () => resolve([null, store]));
      input.addEventListener("change", async () => {
        const file = input.files[0];
        resolve([file ? await file.slice(0, LARGEST + 1).text() : null, store]);
      });
      input.click();
    });

  // Clicks and keys ----------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("#menu-button")) return showMenu(!page().classList.contains("with-menu"));
    if (!at("#menu") && !at(".options")) showMenu(false);
    if (at("#export, #import, #back")) showMenu(false);
    if (at("#new, #import, #back")) closePanel();
    if (at("#new") && matchMedia("(pointer: fine)").matches) focusComposer();
    if (at("button.chip")) return openSource(at("button.chip"));
    if (at("#close-panel")) return closePanel();
    if (at("button.save")) return savePicture(at("button.save"));
    if (at("button.copy")) return copyAnswer(at("button.copy"));
    // A link to the place where the page already is: scroll there again.
    if (at("a[href^='#course']")?.getAttribute("href") === location.hash) goTo();
  });

  // The button of that name that comes after a node: gradio sets an edited question's buttons below it.
  const following = (node, name) =>
    [...document.querySelectorAll(`#chatbot button[aria-label='${name}'], #chatbot button[title='${name}']`)].find(
      (button) => node.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING,
    );

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      location.hash = "#chat";
      return focusComposer();
    }
    const edited = event.target.closest("#chatbot textarea");
    if (edited && event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      following(edited, "Submit")?.click();
      return focusComposer();
    }
    if (event.key !== "Escape" || event.isComposing) return;
    if (edited) {
      following(edited, "Cancel")?.click();
      return focusComposer();
    }
    const stop = [find("#stop"), find("#lab-stop")].find((button) => button && button.offsetParent !== null);
    if (stop) return stop.click();
    if (showMenu(false)) return find("#menu-button")?.focus();
    closePanel();
  });
  // Enter that only ends a word of an input method must not send.
  document.addEventListener("keydown", (event) => event.isComposing && event.key === "Enter" && event.stopPropagation(), true);
  document.addEventListener("input", count);
  window.addEventListener("hashchange", goTo);

  // What gradio draws, made fit for this page ----------------------------------------------------------------------------

  const tend = () => {
    // The chat would read out every piece of HTML as it streams; the stage speaks instead.
    document.querySelectorAll("#chatbot [aria-live]").forEach((node) => node.removeAttribute("aria-live"));
    document.querySelectorAll("#chatbot [data-testid='bot'][aria-label], #chatbot [data-testid='user'][aria-label]").forEach((node) => {
      const label = node.dataset.testid === "bot" ? "Tutor" : "You";
      if (node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label);
    });
    // Editing begins with what was typed, not with the HTML that shows it.
    document.querySelectorAll("#chatbot textarea").forEach((area) => {
      if (!area.value.startsWith('<pre class="asked">')) return;
      const shown = new DOMParser().parseFromString(area.value, "text/html");
      area.value = shown.body.textContent;
      area.setAttribute("aria-label", "Edit your question");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };

  // Plots are drawn by the server, which has to know.
  const scheme = () => {
    const dark = document.body.classList.contains("dark");
    document.cookie = `tutor-scheme=${dark ? "dark" : "light"}; path=/; SameSite=Lax; max-age=31536000`;
  };

  const begin = () => {
    if (!find("#composer textarea") || !find("#chatbot") || !find("#wanted-lesson textarea")) return setTimeout(begin, 50);
    find("#stage").setAttribute("role", "status");
    find("#stage").setAttribute("aria-live", "polite");
    find("#lab-stage")?.setAttribute("role", "status");
    scheme();
    new MutationObserver(scheme).observe(document.body, { attributeFilter: ["class"] });
    // On phones the keyboard shrinks the page instead of covering the composer.
    const viewport = find("meta[name=viewport]");
    if (viewport) viewport.content += ", interactive-widget=resizes-content";
    new MutationObserver(tend).observe(find("#chatbot"), { subtree: true, childList: true, attributeFilter: ["aria-label"] });
    tend();
    goTo();
    count();
    setInterval(count, 400); // the server empties the box without an event
  };
  begin();
})();
