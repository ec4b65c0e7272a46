// Stands for the codecs in WebAssembly that zarrita would bring along: see codecs.js for skybench's.
export default {
  fromConfig() {
    throw new Error("this codec is none of those that skybench's stores have");
  },
};
