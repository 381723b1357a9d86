/** What names content in a manifest or an index. */
export interface Descriptor {
  digest: string;
  /** In bytes. */
  size: number;
  /** Empty if it is not said. */
  mediaType: string;
}
