/** `/sessions/new`: sign in, then the start page. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useSession } from '../app/session.tsx';
import { SignInPage } from './sign-in.tsx';

export default function SignInScreen() {
  const session = useSession();
  const navigate = useNavigate();
  useEffect(() => {
    if (session !== null) void navigate({ to: '/' });
  }, [session, navigate]);
  return <SignInPage />;
}
