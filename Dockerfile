# docker build --tag skybench . && docker run --rm skybench
FROM python:3.13-slim
# The compilers build the kernels, and the GPL peers that tests compare with, which `make install` brings along.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /skybench
COPY . .
RUN make install
CMD ["make", "demo"]
