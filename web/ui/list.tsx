/** Lists of any length: pages by cursor, and only the rows that are in sight are drawn. */
import { Button } from '@mantine/core';
import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed, Loading } from './content.tsx';
import { NewRows, useNews } from './news.tsx';
import { KeptNote, useKept } from './rows/kept.tsx';
import { useRowKeys } from './rows/row-keys.ts';
import { useWayBack } from './rows/way-back.ts';

export type ListPage<T> = { readonly items: readonly T[]; readonly nextCursor: string | null };
export type Column<T> = {
  readonly key: string;
  readonly title: string;
  readonly cell: (item: T) => ReactNode;
  readonly width?: string;
  /** Read aloud and not shown: its cells say enough. */
  readonly isTitleQuiet?: true;
  /** On a phone, where the titles of the columns are not shown, its cells say what they are. */
  readonly isNamedOnPhone?: true;
  /** A few short words, such as a number with its noun, which stay in one line. */
  readonly isShort?: true;
  /** Where it stands on a phone, when a row has two lines there: nowhere without a place. */
  readonly phone?: 'tick' | 'name' | 'state' | 'acts' | 'detail';
};

/** A guess until a row is measured. */
const ROW_PX = { comfortable: 45, compact: 35 } as const;

/** All pages that were loaded so far as one list; the next one is asked for when its end comes into sight. */
export function usePages<T>(key: QueryKey, load: (cursor: string | undefined) => Promise<ListPage<T>>) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: (before) => before,
  });
  const { data, isKept } = useKept(query);
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return { ...query, isKept, isOld: query.isPlaceholderData || isKept, of: JSON.stringify(key), items };
}

type LongListProps<T> = {
  readonly label: string;
  readonly pages: ReturnType<typeof usePages<T>>;
  readonly columns: readonly Column<T>[];
  readonly keyOf: (item: T) => string;
  /** In the place of the table when there is nothing. */
  readonly empty: ReactNode;
  /** Where new rows come in above: how many wait, in words. */
  readonly news?: (count: number) => string;
};

export function LongList<T>({ label, pages, columns, keyOf, empty, news }: LongListProps<T>) {
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const place = useRef<HTMLTableElement>(null);
  const waiting = useNews(pages.items, keyOf, { of: pages.of, place });
  const items = news === undefined ? pages.items : waiting.shown;
  const { rows, offset } = useRows(items.length, place, (at) => keyOf(items[at] as T));
  const shown = rows.getVirtualItems();
  const count = items.length;
  const isNearEnd = (shown.at(-1)?.index ?? 0) >= count - 20;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && isNearEnd) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, isNearEnd]);
  const { at, focusRow, ...keys } = useRowKeys({ table: place, count, reveal: (index) => rows.scrollToIndex(index) });
  const indexOf = (key: string) => items.findIndex((item) => keyOf(item) === key);
  const leave = useWayBack({ of: pages.of, table: place, count, indexOf, focusRow });
  if (pages.isPending) return <Loading retry={pages.refetch} />;
  if (count === 0) return pages.error === null ? empty : <Failed error={pages.error} retry={pages.refetch} />;
  const above = (shown[0]?.start ?? offset) - offset;
  const below = rows.getTotalSize() + offset - (shown.at(-1)?.end ?? 0);
  const stop = shown.find(({ key }) => key === at) ?? shown[0];
  return (
    <div>
      {pages.isKept ? <KeptNote error={pages.error} retry={pages.refetch} /> : null}
      {news === undefined ? null : <NewRows count={waiting.count} words={news} onShow={waiting.show} />}
      <table
        ref={place}
        tabIndex={-1}
        className="list"
        aria-label={label}
        aria-rowcount={hasNextPage ? -1 : count + 1}
        data-lines={columns.some(({ phone }) => phone !== undefined) || undefined}
        onClickCapture={leave}
        {...keys}
      >
        <Head columns={columns} />
        <tbody aria-busy={pages.isOld}>
          <Spacer height={above} />
          {shown.map(({ index, key }) => (
            <tr
              key={key as string}
              data-row
              data-key={key}
              data-index={index}
              tabIndex={key === stop?.key ? 0 : -1}
              aria-rowindex={index + 2}
              ref={rows.measureElement}
            >
              <Cells columns={columns} item={items[index] as T} />
            </tr>
          ))}
          <Spacer height={below} />
        </tbody>
      </table>
      {hasNextPage ? <LoadMore pages={pages} /> : null}
    </div>
  );
}

type More = { readonly isFetchingNextPage: boolean; readonly fetchNextPage: () => unknown };

function LoadMore({ pages }: { readonly pages: More }) {
  const { t } = useTranslation();
  const { isFetchingNextPage, fetchNextPage } = pages;
  return (
    <Button variant="default" mt="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
      {t('action.loadMore')}
    </Button>
  );
}

function useRows(count: number, place: RefObject<HTMLTableElement | null>, keyAt: (index: number) => string) {
  const [offset, setOffset] = useState(0);
  // What stands above it comes later, or goes.
  useLayoutEffect(() => setOffset(place.current?.offsetTop ?? 0));
  const rows = useWindowVirtualizer({
    count,
    estimateSize: () => ROW_PX[document.documentElement.dataset.density === 'compact' ? 'compact' : 'comfortable'],
    overscan: 12,
    scrollMargin: offset,
    getItemKey: keyAt,
  });
  return { rows, offset };
}

function Cells<T>({ columns, item }: { readonly columns: readonly Column<T>[]; readonly item: T }) {
  return columns.map((column) => (
    <td
      key={column.key}
      data-title={column.isNamedOnPhone && column.title}
      data-phone={column.phone}
      data-short={column.isShort}
    >
      {column.cell(item)}
    </td>
  ));
}

function Head({ columns }: { readonly columns: readonly Omit<Column<never>, 'cell'>[] }) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column) => (
          <th key={column.key} scope="col" style={{ width: column.width }}>
            {column.isTitleQuiet ? <span className="quiet">{column.title}</span> : column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Spacer({ height }: { readonly height: number }) {
  if (height <= 0) return null;
  return (
    <tr className="spacer">
      <td style={{ height }} />
    </tr>
  );
}
