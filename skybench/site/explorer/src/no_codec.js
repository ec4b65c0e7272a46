// skybench compresses by Blosc alone: the codecs that Zarr knows besides stay out of the bundle.
export default {
  fromConfig() {
    throw new Error("this codec is none of those that skybench's stores have");
  },
};
