// A slide that is a little too large is drawn smaller. The test of the slides refuses one that would be too small to read.
const fits = slide => {
    const from = slide.getBoundingClientRect(), scale = Reveal.getScale();
    const boxes = [...slide.querySelectorAll("*")].map(element => element.getBoundingClientRect());
    return boxes.every(box => box.right - from.left < 1270 * scale && box.bottom - from.top < 710 * scale);
};
const fit = ({ currentSlide }) => {
    let zoom = currentSlide.style.zoom = 1;
    while (!fits(currentSlide) && zoom > 0.5) currentSlide.style.zoom = zoom -= 0.05;
};
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
Reveal.initialize({
    width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: "h.v", transition: "none",
    plugins: [RevealNotes],
});
