// Which pixel of a HEALPix map a direction is in (Gorski et al. 2005, ApJ 622, 759, section 4 and 5).

/**
 * @param {number} nside
 * @param {number} z - sine of the latitude
 * @param {number} phi - longitude in radians
 * @param {boolean} nested - the order of the pixels; else by rings
 */
export function pixelOf(nside, z, phi, nested) {
  const turn = (((phi / (Math.PI / 2)) % 4) + 4) % 4;
  return nested ? inFace(nside, z, turn) : inRings(nside, z, turn);
}

function inRings(nside, z, turn) {
  const height = Math.abs(z);
  if (height <= 2 / 3) {
    const middle = nside * (0.5 + turn);
    const slope = nside * z * 0.75;
    const up = Math.floor(middle - slope);
    const down = Math.floor(middle + slope);
    const ring = nside + 1 + up - down;
    const shift = 1 - (ring & 1);
    const place = Math.floor((up + down - nside + shift + 1) / 2);
    const before = 2 * nside * (nside - 1) + (ring - 1) * 4 * nside;
    return before + (((place % (4 * nside)) + 4 * nside) % (4 * nside));
  }
  const within = turn - Math.floor(turn);
  const width = nside * Math.sqrt(3 * (1 - height));
  const ring = Math.floor(within * width) + Math.floor((1 - within) * width) + 1;
  const place = Math.floor(turn * ring) % (4 * ring);
  return z > 0 ? 2 * ring * (ring - 1) + place : 12 * nside * nside - 2 * ring * (ring + 1) + place;
}

function inFace(nside, z, turn) {
  const [face, x, y] = Math.abs(z) <= 2 / 3 ? equatorial(nside, z, turn) : polar(nside, z, turn);
  return face * nside * nside + spread(x) + 2 * spread(y);
}

function equatorial(nside, z, turn) {
  const middle = nside * (0.5 + turn);
  const slope = nside * z * 0.75;
  const up = Math.floor(middle - slope);
  const down = Math.floor(middle + slope);
  const [west, east] = [Math.floor(up / nside), Math.floor(down / nside)];
  const face = west === east ? (west & 3) + 4 : west < east ? west & 3 : (east & 3) + 8;
  return [face, down % nside, nside - 1 - (up % nside)];
}

function polar(nside, z, turn) {
  const quarter = Math.min(3, Math.floor(turn));
  const within = turn - quarter;
  const width = nside * Math.sqrt(3 * (1 - Math.abs(z)));
  const east = Math.min(nside - 1, Math.floor(within * width));
  const west = Math.min(nside - 1, Math.floor((1 - within) * width));
  return z >= 0 ? [quarter, nside - 1 - west, nside - 1 - east] : [quarter + 8, east, west];
}

/** The bits of a number with a zero after each. */
function spread(number) {
  let spaced = 0;
  for (let bit = 0; number >> bit; bit++) spaced += ((number >> bit) & 1) * 4 ** bit;
  return spaced;
}
