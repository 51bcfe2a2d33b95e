// What scrolls can be reached with the keyboard: it scrolls with the arrow keys when it has the focus.
const reach = () => document.querySelectorAll("pre, .table-wrapper, .cell_output .output").forEach(box => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
});
addEventListener("load", reach);
addEventListener("resize", reach);
// Sphinx writes the captions of the sidebar as headings without a level.
addEventListener("load", () => document.querySelectorAll("p.caption[role=heading]").forEach(caption => {
    caption.ariaLevel = "2";
}));
