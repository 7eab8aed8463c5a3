import { type IdMaker, idMaker } from '../../src/domain/ids.ts';

/** Ids whose random part is counted, so that two runs make the same ones. */
export function countedIds(): IdMaker {
  let count = 0;
  return idMaker((length) => {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(length - 4, count++);
    return bytes;
  });
}
