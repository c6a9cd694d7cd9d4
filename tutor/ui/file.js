// A learner's own file: chosen with the button, dropped on the page or pasted. It goes to the server as text, so that no upload is kept.
(() => {
  const LARGEST = 5 * 1024 * 1024; // bytes; the server checks again
  let waiting = null; // the file that is on its way

  const packed = (file) =>
    new Promise((resolve) => {
      const about = { name: file.name, size: file.size };
      if (file.size > LARGEST) return resolve(JSON.stringify(about));
      const reader = new FileReader();
      reader.addEventListener("error", () => resolve(JSON.stringify({ ...about, failed: true })));
      reader.addEventListener("load", () => resolve(JSON.stringify({ ...about, data: reader.result.split(",")[1] ?? "" })));
      reader.readAsDataURL(file);
    });

  // What is sent: name and content.
  window.tutorAdd = async (_, store) => {
    const file = waiting;
    waiting = null;
    return [file ? await packed(file) : null, store];
  };

  const take = (files) => {
    const bridge = document.querySelector("#take-file");
    if (!files?.length || !bridge) return false;
    waiting = files[0];
    location.hash = "#chat";
    bridge.click();
    return true;
  };

  // Here, and not after a round through gradio: a browser opens its file dialog only right after the press.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#attach")) return;
    const input = document.createElement("input");
    input.type = "file";
    input.accept = ".md,.markdown,.txt,.text,.pdf";
    input.addEventListener("change", () => take(input.files));
    input.click();
  });

  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const mark = (on) => document.querySelector("#page")?.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault(); // or the browser would leave the page for the file
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget ?? mark(false));
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const data = event.clipboardData; // copied text may bring a picture of itself: it stays text
    if (data && !data.types.includes("text/plain") && take(data.files)) event.preventDefault();
  });
})();
