/** The chapters up to the mail that leaves: first run, registration, the code, the sender. */
import { PRINT_ROOM } from '../../harness/mail.ts';
import { answerByCode } from '../../harness/practice-sign-in.ts';
import { ANNA, BOSS, type Scene } from './scene.ts';

export async function setUp({ stage, window, page, camera, t }: Scene): Promise<void> {
  await window.go(`/first-run#${stage.node.process.setupToken}`);
  await page.getByLabel(t('firstRun.name')).fill(BOSS.name);
  await page.getByLabel(t('signIn.email')).fill(BOSS.email);
  await page.getByLabel(t('firstRun.password')).fill(BOSS.password);
  await camera.take(page, 'first-run', { height: 510 });
  await page.getByRole('button', { name: t('action.continue') }).click();
  await page.getByRole('heading', { name: t('firstRun.next') }).waitFor();
  await camera.take(page, 'next-steps', { height: 490 });
  await stage.useToken(BOSS);
}

export async function register({ stage, page, camera, t, open, below }: Scene): Promise<void> {
  const { tid, clientId } = stage.peers.practice;
  await open('/settings/connections', 'nav.connections');
  await page.getByText(t('connections.empty')).waitFor();
  await camera.take(page, 'external-systems', { height: 400 });
  await open('/settings/connections/registration', 'register.title');
  await page.getByLabel(t('register.mailbox')).fill(PRINT_ROOM);
  await page.locator('textarea', { hasText: PRINT_ROOM }).first().waitFor();
  await camera.take(page, 'register', { height: 850 });
  await page.getByRole('combobox', { name: t('connections.cloud') }).click();
  await page.getByRole('option', { name: 'practice' }).click();
  const ids = page.getByLabel(t('register.paste'));
  await ids.fill(`{"clientId": "${clientId}", "tenantId": "${tid}"}`);
  await page.getByText(t('register.tenantFound')).waitFor();
  await camera.take(page, 'register-ids', { part: below(t('register.result')) });
  await page.getByRole('button', { name: t('register.connect') }).click();
}

export async function connect(scene: Scene): Promise<void> {
  const { stage, window, page, camera, t } = scene;
  const dialog = page.getByRole('dialog', { name: t('connections.addTitle') });
  await dialog.getByText(`${stage.peers.practice.tid}, practice`).waitFor();
  // Only for the practice tenant there is something to choose here.
  await dialog.getByRole('button', { name: t('label.advanced') }).click();
  await dialog.getByLabel(t('connections.title'), { exact: true }).fill(t('connections.titleDefault'));
  await camera.take(page, 'add-connection');
  await dialog.getByRole('button', { name: t('action.ok'), exact: true }).click();
  await page.getByTestId('user-code').waitFor();
  await page
    .getByText(/1[45]:\d\d/)
    .first()
    .waitFor();
  await camera.take(page, 'code');
  await answerByCode(window, scene.language, { account: PRINT_ROOM });
  await page.getByText(t('deviceCode.connected')).waitFor();
  await page.getByText(t('deviceCode.checking')).waitFor({ state: 'detached' });
  await camera.take(page, 'connected');
}

/** The page of the owner is looked at in a window in which nobody is signed in. */
export async function handOver({ window, page, camera, t, other, list }: Scene): Promise<void> {
  const [connection] = await list('/connections');
  await window.go(`/settings/connections/${connection?.id}/hand-over`);
  const dialog = page.getByRole('dialog', { name: t('handOver.act') });
  await dialog.getByLabel(t('handOver.recipient')).fill(ANNA.name);
  await camera.take(page, 'hand-over');
  await dialog.getByRole('button', { name: t('handOver.make') }).click();
  const link = new URL((await dialog.getByTestId('hand-over-link').textContent()) ?? '');
  await using owner = await other({ isPhone: true });
  await owner.go(link.pathname + link.hash);
  await owner.page.getByRole('button', { name: t('action.showCode') }).waitFor();
  await camera.take(owner.page, 'hand-over-owner', { height: 560 });
}

export async function send({ page, camera, t, open, below }: Scene): Promise<void> {
  await open('/settings/network', 'nav.network');
  await page.getByRole('radio', { name: new RegExp(PRINT_ROOM), checked: true }).waitFor();
  await camera.take(page, 'network', { height: 660 });
  await page.getByRole('button', { name: t('action.save') }).click();
  await page.getByLabel(t('network.testTo')).fill(BOSS.email);
  await page.getByRole('button', { name: t('network.test') }).click();
  await page.getByText(t('network.testAccepted')).waitFor();
  await camera.take(page, 'test-message', { part: below(t('network.testTitle')) });
}
