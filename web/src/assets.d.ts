/** An icon of lucide-static; the build gives the drawing inside its <svg> element. */
declare module "lucide-static/icons/*.svg" {
  const drawing: string;
  export default drawing;
}
