// Sets every formula of the page; one that KaTeX cannot read is shown as .katex-error, which check_pages.py looks for.
document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".math.notranslate")) {
    const text = place.textContent;
    katex.render(text, place, { displayMode: place.classList.contains("display"), throwOnError: false, strict: false });
  }
  // HTML that objects show in a notebook has its formulas between dollars.
  const delimiters = [
    { left: "$$", right: "$$", display: true },
    { left: "$", right: "$", display: false },
  ];
  for (const output of document.querySelectorAll(".cell_output .text_html, .cell_output .output.text_html")) {
    renderMathInElement(output, { delimiters, throwOnError: false, strict: false });
  }
});
