/** Commands of Exchange Online PowerShell that cure a failure or show its cause, ready to paste. */
type Values = { readonly mailbox: string; readonly account: string };

/** PowerShell's single quotes: nothing inside is expanded, a quote is written twice. Curly quotes count as quotes there. */
export function quote(text: string): string {
  return `'${text.replace(/['‘’‚‛]/g, "''")}'`;
}

const COMMANDS = {
  'smtp-auth-mailbox-on': ({ mailbox }: Values) =>
    `Set-CASMailbox -Identity ${quote(mailbox)} -SmtpClientAuthenticationDisabled $false`,
  'imap-on': ({ mailbox }: Values) => `Set-CASMailbox -Identity ${quote(mailbox)} -ImapEnabled $true`,
  'pop-on': ({ mailbox }: Values) => `Set-CASMailbox -Identity ${quote(mailbox)} -PopEnabled $true`,
  'show-mail-apps': ({ mailbox }: Values) => `Get-CASMailbox ${quote(mailbox)} | Format-List Smtp*,Imap*,Pop*`,
  'full-access': ({ mailbox, account }: Values) =>
    `Add-MailboxPermission -Identity ${quote(mailbox)} -User ${quote(account)} -AccessRights FullAccess`,
  'send-as': ({ mailbox, account }: Values) =>
    `Add-RecipientPermission -Identity ${quote(mailbox)} -Trustee ${quote(account)} -AccessRights SendAs -Confirm:$false`,
  'show-smtp-auth': ({ mailbox }: Values) =>
    `Get-TransportConfig | Format-List Smtp*; Get-CASMailbox ${quote(mailbox)} | Format-List Smtp*`,
  'show-addresses': ({ mailbox }: Values) =>
    `Get-Mailbox ${quote(mailbox)} | Format-List UserPrincipalName,EmailAddresses`,
  'show-mailbox': ({ mailbox }: Values) =>
    `Get-Mailbox ${quote(mailbox)} | Format-List RecipientTypeDetails,SkuAssigned`,
  'show-full-access': ({ mailbox, account }: Values) =>
    `Get-MailboxPermission -Identity ${quote(mailbox)} -User ${quote(account)}`,
  'show-send-as': ({ mailbox, account }: Values) =>
    `Get-RecipientPermission -Identity ${quote(mailbox)} -Trustee ${quote(account)}`,
  'show-on-behalf': ({ mailbox }: Values) => `Get-Mailbox ${quote(mailbox)} | Format-List GrantSendOnBehalfTo`,
  'show-alias-sending': () => 'Get-OrganizationConfig | Format-List SendFromAliasEnabled',
  'show-move': ({ mailbox }: Values) => `Get-MoveRequest -Identity ${quote(mailbox)}`,
  'raise-send-size': ({ mailbox }: Values) => `Set-Mailbox -Identity ${quote(mailbox)} -MaxSendSize 150MB`,
} as const;
export type Command = keyof typeof COMMANDS;

/** The command with its names filled in. `mailbox` is what is changed, `account` who is given a right on it. */
export function commandOf(command: Command, values: Values): string {
  return COMMANDS[command](values);
}
