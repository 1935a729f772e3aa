// What the bundler puts in place of JSX: shorter than the automatic runtime.
export { Fragment, h } from "preact";
