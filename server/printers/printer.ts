/** A printer as other rooms and the API see it; fields bear the names of RFC 8011 where it has one. */
import type { PrinterState, Problem } from '../store/schema.ts';
import type { Supply } from './supplies/supplies.ts';

export type { PrinterState } from '../store/schema.ts';

/** What a printer says that it can do: checked when it was read, bounded in length, never executed or connected to. */
export type PrinterCapabilities = {
  readonly version: '2.0' | '1.1'; // ipp-versions-supported: the one that Platen speaks with it
  readonly model: string | null; // printer-make-and-model
  readonly location: string | null; // printer-location
  readonly operations: readonly number[]; // operations-supported
  readonly formats: readonly string[]; // document-format-supported
  readonly media: {
    readonly supported: readonly string[]; // media-supported
    readonly ready: readonly string[]; // media-ready
    readonly default: string | null; // media-default
  };
  readonly sides: readonly string[]; // sides-supported
  readonly colorModes: readonly string[]; // print-color-mode-supported
  readonly isColor: boolean | null; // color-supported
  readonly copies: { readonly min: number; readonly max: number } | null; // copies-supported
  readonly takesPageRanges: boolean; // page-ranges-supported
  /** Absent in what was read before Platen asked for it. */
  readonly finishings?: readonly number[]; // finishings-supported
  /** Of printers that take PWG Raster; absent in what was read before Platen asked for it. */
  readonly raster?: {
    readonly resolutions: readonly { readonly x: number; readonly y: number }[]; // pwg-raster-document-resolution-supported
    readonly types: readonly string[]; // pwg-raster-document-type-supported
    readonly sheetBack: string | null; // pwg-raster-document-sheet-back
  };
  /** Of printers that take Apple raster; absent in what was read before Platen asked for it. */
  readonly urf?: readonly string[]; // urf-supported
  /** Absent in what was read before Platen asked for it, and where a printer does not tell; so are the next two. */
  readonly resolutions?: readonly { readonly x: number; readonly y: number }[]; // printer-resolution-supported
  /** The largest picture it takes, in dots and in units of 1024 octets. */
  readonly jpeg?: {
    readonly x?: number; // jpeg-x-dimension-supported
    readonly y?: number; // jpeg-y-dimension-supported
    readonly kOctets?: number; // jpeg-k-octets-supported
  };
  /** How it prints several documents of one job; only of printers that take them. */
  readonly documentHandlings?: readonly string[]; // multiple-document-handling-supported
};

export type Printer = {
  readonly id: string;
  readonly name: string;
  readonly uri: string;
  readonly state: PrinterState; // printer-state, and two of ours for when it does not answer
  readonly reasons: readonly string[]; // printer-state-reasons, without "none"
  readonly message: string | null; // printer-state-message, or the last words before it went silent
  /** Since when it has this state, and waits for what it waits for. */
  readonly stateSince: Date;
  readonly seenAt: Date | null;
  readonly capabilities: PrinterCapabilities | null;
  /** Toner, ink, waste containers, as the printer last told of them; empty for one that tells nothing. */
  readonly supplies: readonly Supply[];
  /** `authorities` where a known authority signed the certificate, else the sha256 of the one that was seen first. */
  readonly certificatePin: string | null;
  readonly problem: Problem | null;
};

/** What a job may ask of a printer; `ticket.ts` turns it into Job Template attributes. */
export type PrintOptions = {
  readonly copies?: number | undefined; // copies
  readonly sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge' | undefined; // sides
  readonly color?: 'color' | 'monochrome' | undefined; // print-color-mode
  readonly media?: string | undefined; // media
  readonly pageRanges?: readonly { readonly from: number; readonly to: number }[] | undefined; // page-ranges
  /** An empty list asks for none. */
  readonly finishings?: readonly ('staple' | 'punch')[] | undefined; // finishings
};

/** A job as the printer tells of it. */
export type PrinterJob = {
  readonly id: number; // job-id
  readonly name: string | undefined; // job-name
  readonly state:
    | 'pending'
    | 'pending-held'
    | 'processing'
    | 'processing-stopped'
    | 'canceled'
    | 'aborted'
    | 'completed'; // job-state
  readonly reasons: readonly string[]; // job-state-reasons
  readonly impressionsCompleted: number | undefined; // job-impressions-completed
  readonly message: string | undefined; // job-state-message
};
