import SMTPConnection from 'nodemailer/lib/smtp-connection';
const c = new SMTPConnection({host:'x'});
c.send({from:'', to:[]}, 'x', (e,i)=>{ if(e) e.rejectedErrors; i?.response });
